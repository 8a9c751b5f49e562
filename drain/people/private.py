"""Headers that keep pages from later users of a browser, and old ones from being shown again."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PrivateMiddleware:
    """Every answer is `no-store`; the end of a session empties the browser's cache of this site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and say what may be kept of it."""
        signed_in = request.user.is_authenticated
        answer = self._next(request)
        answer["Cache-Control"] = "no-store"
        if signed_in and not request.user.is_authenticated:
            answer["Clear-Site-Data"] = '"cache"'
        return answer
