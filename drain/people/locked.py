"""The page of who guessed too often."""

from __future__ import annotations

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

BUSY_SECONDS = 2


def locked(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Return the page that says how long the lock of a name lasts."""
    return _refused(request, int(get_cool_off(request).total_seconds()))


def locked_address(request: HttpRequest) -> HttpResponse:
    """Return the page that says how long the lock of an address lasts."""
    return _refused(request, int(get_cool_off(request).total_seconds()), everybody=True)


def busy(request: HttpRequest) -> HttpResponse:
    """Return the page that says to try again in a moment."""
    return _refused(request, BUSY_SECONDS)


def _refused(request: HttpRequest, seconds: int, *, everybody: bool = False) -> HttpResponse:
    """429, and Retry-After in seconds."""
    context = {"minutes": seconds // 60, "everybody": everybody}
    answer = render(request, "errors/locked.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer
