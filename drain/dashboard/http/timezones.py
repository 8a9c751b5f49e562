"""The time zone a person chose: a cookie that zone.js writes, applied to each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "drain_zone"
# What the menu offers besides the browser's own zone and UTC.
OFFERED = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
)


class ZoneMiddleware:
    """Activates the zone of the cookie; a name that is no zone means the site's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request in the person's zone."""
        name = request.COOKIES.get(COOKIE, "").replace("%2F", "/")
        # The list is the guard: the name becomes part of a path in ZoneInfo.
        if name and name in zone_names():
            with timezone.override(ZoneInfo(name)):
                return self.get_response(request)
        return self.get_response(request)


@cache
def zone_names() -> frozenset[str]:
    """Every zone of this machine; looking through its folders again would take longer than many a page."""
    return frozenset(available_timezones())
