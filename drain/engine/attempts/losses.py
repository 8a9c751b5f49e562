"""Attempts that were lost with their worker, and their end: for the pages of workers and drains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef, Q

from drain.models import Attempt
from drain.models.vocabulary import Outcome

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Loss:
    """The attempts that were lost with one worker."""

    worker: str
    attempts: int
    at: datetime
    """The moment at which the last of them was booked as lost; from then on its phase could run again."""
    again: int
    """Those whose phase has run again, or runs."""


def losses(*, session: int | None = None, since: datetime | None = None) -> list[Loss]:
    """Return what was lost in a session, or since then, the newest first; at most SHOWN workers."""
    found = Attempt.objects.filter(outcome=Outcome.LOST)
    if session is not None:
        found = found.filter(session=session)
    if since is not None:
        found = found.filter(finished_at__gt=since)
    later = Attempt.objects.filter(phase=OuterRef("phase"), number__gt=OuterRef("number"))
    sums = (
        found.annotate(is_again=Exists(later))
        .values("worker")
        .annotate(
            attempts=Count("pk"), at=Max("finished_at"), again=Count("pk", filter=Q(is_again=True))
        )
        .order_by("-at")
    )
    return [Loss(row["worker"], row["attempts"], row["at"], row["again"]) for row in sums[:SHOWN]]
