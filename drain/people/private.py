"""What somebody saw while signed in is not kept by a browser for who comes after."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse


class PrivateMiddleware:
    """Every answer to who is signed in is `no-store`; signing out empties the browser's cache of this site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and say what may be kept of it."""
        signed_in = request.user.is_authenticated
        answer = self._next(request)
        if signed_in and not answer.has_header("Cache-Control"):
            answer["Cache-Control"] = "no-store"
        if (
            signed_in
            and not request.user.is_authenticated
            and request.path == reverse("drain:logout")
        ):
            answer["Clear-Site-Data"] = '"cache"'
        return answer
