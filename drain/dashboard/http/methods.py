"""Methods of an address: a view names them (`answers`), and every other is a 405 with Allow, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

Methods = tuple[str, ...]
READ: Final[Methods] = ("GET", "HEAD")
"""Of a page that only shows."""
ACT: Final[Methods] = ("POST",)
"""Of an address that only acts."""
FORM: Final[Methods] = (*READ, *ACT)
"""Of a page with a form that it takes itself, and of every view that does not say."""
View = TypeVar("View", bound=Callable[..., Any])


def answers(methods: Methods) -> Callable[[View], View]:
    """A view for these methods."""

    def say(view: View) -> View:
        view.methods = methods  # type: ignore[attr-defined]
        return view

    return say


class MethodMiddleware:
    """405 for what a view does not answer; Django would take PUT or DELETE for a GET.

    Before the token of a form is asked for. The API judges its methods itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self._next(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """The refusal, or None."""
        methods: Methods = getattr(view, "methods", FORM)
        if request.method in methods or getattr(view, "csrf_exempt", False):
            return None
        allowed = ", ".join(methods)
        context = {"reads": "GET" in methods, "methods": allowed}
        answer = render(request, "405.html", context, status=405)
        answer["Allow"] = allowed
        return answer
