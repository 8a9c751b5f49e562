"""The door of every form: what no column could hold is refused before a view reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from drain.policy.texts import unstorable


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of every 400. Django's own looks for a token in the form again, and fails once more where that failed.

    A script gets one sentence in JSON, as for every error of the API.
    """
    if request.path.startswith("/api/"):
        said = "This request cannot be read: look at the name of the host, the headers and the address."
        return JsonResponse({"error": said}, status=400, headers={"Cache-Control": "no-store"})
    return HttpResponseBadRequest(render_to_string("400.html"))


class PostedTextMiddleware:
    """400 with one sentence for a form with a NUL byte; broken UTF-8 is mended by Django's own reading.

    Views that CSRF leaves alone read their bodies themselves (drain.api.door).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing to do before the address is known."""
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
