"""Responses of pages: the whole page or the part that a live region asks for, and keyset paging."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from drain.policy.numbers import whole


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether a script asks for a part of the page (docs/frontend.md)."""
    return request.headers.get("HX-Request") == "true"


def page_or_fragment(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any], *, over: bool = False
) -> HttpResponse:
    """Render `page`, or `fragment` for a script; `over` tells a live region to ask no more."""
    asked = wants_fragment(request)
    status = 286 if asked and over else 200
    response = render(request, fragment if asked else page, context, status=status)
    if "X-Drain-Refresh" in request.headers:
        # A page that stays open for days shows no counts of days ago above fresh ones.
        response.write(render_to_string("frame/live_parts.html", request=request))
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response


def number_in(request: HttpRequest, name: str) -> int | None:
    """A row number from the address; anything else counts as absent, as a mistyped address should."""
    return whole(request.GET.get(name, ""))
