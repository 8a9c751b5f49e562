"""/healthz and /readyz: what a supervisor, a proxy or an orchestrator asks."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

LIVE, READY = "/healthz", "/readyz"


class HealthMiddleware:
    """Answers both addresses before anything else of a request is looked at.

    A probe names the site as it can, by number or not at all: refusing its host name would fill the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """`/healthz`: 200 while this process answers.
        `/readyz`: 200 while it reaches its database, else 503.
        """
        if request.path_info == LIVE:
            return _said("ok")
        if request.path_info == READY:
            return (
                _said("ok") if _database_answers() else _said("the database does not answer", 503)
            )
        return self._next(request)


def _said(text: str, status: int = 200) -> HttpResponse:
    answer = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
