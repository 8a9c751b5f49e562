"""Refusals of people who are signed in, written to the audit, bounded so that nobody can fill the table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.models import AuditEvent
from drain.models.audit import Person, Subject, record_audit
from drain.people.requests import person_of

MOST_AN_HOUR = 20
"""Lines about one person; the last says that more are left out."""
SAFE = ("GET", "HEAD", "OPTIONS")
FORBIDDEN = 403
NO_FORM = "The form came without a valid token of this site."


def record_refusal(by: Person, method: str, path: str, why: str) -> None:
    """Write down that `by` was refused `method path`, unless this hour has enough lines about them."""
    since = timezone.now() - timedelta(hours=1)
    lately = AuditEvent.objects.filter(at__gt=since, verb="refused", actor=by.name[:200])
    count = lately[:MOST_AN_HOUR].count()
    if count >= MOST_AN_HOUR:
        return
    if count == MOST_AN_HOUR - 1:
        why = f"{why} Further refusals within the hour are left out."
    record_audit(by, "refused", Subject("request", "", f"{method} {path}"), why)


class RefusedMiddleware:
    """Writes down acts that were answered with 403.
    Looking is no act, and who is not signed in is nobody yet.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and write down a refusal."""
        answer = self.get_response(request)
        if (
            answer.status_code == FORBIDDEN
            and request.method not in SAFE
            and request.user.is_authenticated
        ):
            why = getattr(request, "drain_refusal", "") or NO_FORM
            record_refusal(person_of(request), str(request.method), request.path, why)
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Keep the sentence; the answer is made by Django."""
        request.drain_refusal = str(error) or "The account may not do this."  # type: ignore[attr-defined]
