"""The page of who guessed too often."""

from __future__ import annotations

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Return the page that says how long the lock lasts; 429, and Retry-After in seconds."""
    seconds = int(get_cool_off(request).total_seconds())
    answer = render(request, "errors/locked.html", {"minutes": max(1, seconds // 60)}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
