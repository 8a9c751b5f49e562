"""The door of every request: what no column could hold is refused before a view reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from drain.policy.texts import unstorable


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of every 400. Django's own looks for a token in the form again,
    and fails once more where that failed.

    A script gets one sentence in JSON, as for every error of the API.
    """
    if request.path.startswith("/api/"):
        said = "This request cannot be read: look at the name of the host, the headers and the address."
        return JsonResponse({"error": said}, status=400, headers={"Cache-Control": "no-store"})
    return HttpResponseBadRequest(render_to_string("400.html"))


class StorableTextMiddleware:
    """400 with one sentence for a request with text that no column can hold, wherever it stands.

    In the address, its query and forms. A cookie of that kind is no cookie: refusing it would lock a browser
    out. Broken UTF-8 is mended by Django's own reading; views that CSRF leaves alone read their bodies
    themselves (drain.api.door).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the address, its query and the cookies."""
        for name in [name for name, value in request.COOKIES.items() if unstorable(name + value)]:
            del request.COOKIES[name]
        asked = (request.path, *(text for pair in request.GET.lists() for text in _flat(pair)))
        if what := next(filter(None, map(unstorable, asked)), ""):
            return refused(request, f"The address holds {what}.")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """The refusal, or None."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        for name, values in request.POST.lists():
            if what := next(filter(None, map(unstorable, (name, *values))), ""):
                field = name.replace("\0", "")[:60].replace("_", " ")
                said = f"The field “{field}” holds {what}. Go back and send it again."
                return render(request, "400.html", {"said": said}, status=400)
        return None


def _flat(pair: tuple[str, list[Any]]) -> Iterator[str]:
    name, values = pair
    yield name
    yield from values


def refused(request: HttpRequest, said: str) -> HttpResponse:
    """A 400 with this sentence: a page that needs no database, for a script JSON."""
    if request.path.startswith("/api/"):
        return JsonResponse({"error": said}, status=400, headers={"Cache-Control": "no-store"})
    return HttpResponseBadRequest(render_to_string("400.html", {"said": said}))
