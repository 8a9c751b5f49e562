"""One side of a comparison: which attempts belong to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from drain.evidence.fingerprints.identity import relatives
from drain.models import DrainSession, FixMarker, Source
from drain.models.vocabulary import FAILURE_OUTCOMES, RATED_OUTCOMES, UNCOUNTED_OUTCOMES, Outcome

FAILURES = [outcome.value for outcome in FAILURE_OUTCOMES]
RATED = [outcome.value for outcome in RATED_OUTCOMES]
JUDGED = [outcome.value for outcome in RATED_OUTCOMES if outcome != Outcome.LOST]
"""Outcomes that say whether a failure is still there; a lost attempt says nothing of its phase."""
UNCOUNTED = [outcome.value for outcome in UNCOUNTED_OUTCOMES]


# Two hashes, each filled from an index alone: a union of them would be put in order first.
_TOUCHED = """({name}.phase_id IN (SELECT phase_id FROM drain_attempt
    WHERE fingerprint = ANY(%({values}_touched)s::text[]) AND outcome = ANY(%({values}_failures)s::text[]))
    OR {name}.phase_id IN (SELECT phase_id FROM drain_candidate WHERE fingerprint = ANY(%({values}_touched)s::text[])))"""


@dataclass(frozen=True, slots=True)
class Side:
    """Ended attempts by when they *started*, their session and their source; None does not narrow."""

    label: str
    since: datetime | None = None
    """First moment that belongs to it; with `after_only` the last one that does not."""
    until: datetime | None = None
    """First moment that does not belong to it; with `to_inclusive` the last one that does."""
    session: int | None = None
    source: int | None = None
    plan_of: int | None = None
    """Only phases that this session's plan names, selected or excluded."""
    runs: tuple[str, ...] = ()
    """Only these runs."""
    touched: tuple[str, ...] = ()
    """Only phases that failed by one of these keys at any time, by their attempts or by the plan of a drain.
    """
    after_only: bool = False
    to_inclusive: bool = False

    def where(self, name: str, values: str = "") -> str:
        """SQL condition on attempt `name`; its values are those of `values` with that prefix,
        or the one given.
        """
        values = values or name
        parts = [f"{name}.finished_at IS NOT NULL"]
        if self.since is not None:
            parts.append(f"{name}.started_at {'>' if self.after_only else '>='} %({values}_since)s")
        if self.until is not None:
            end = "<=" if self.to_inclusive else "<"
            parts.append(f"{name}.started_at {end} %({values}_until)s")
        if self.session is not None:
            parts.append(f"{name}.session_id = %({values}_session)s")
        if self.source is not None:
            runs = f"SELECT id FROM drain_run WHERE source_id = %({values}_source)s"  # noqa: S608 - our name
            parts.append(f"{name}.run_id IN ({runs})")
        if self.runs:
            named = f"SELECT id FROM drain_run WHERE run_id = ANY(%({values}_runs)s::text[])"  # noqa: S608 - our name
            parts.append(f"{name}.run_id IN ({named})")
        if self.touched:
            parts.append(_TOUCHED.format(name=name, values=values))
        if self.plan_of is not None:
            plan = f"SELECT phase_id FROM drain_candidate WHERE session_id = %({values}_plan)s"  # noqa: S608 - our name
            parts.append(f"{name}.phase_id IN ({plan})")
        return " AND ".join(parts)

    def values(self, name: str) -> dict[str, Any]:
        """Values of `where` under the same name."""
        return {
            f"{name}_since": self.since,
            f"{name}_until": self.until,
            f"{name}_session": self.session,
            f"{name}_source": self.source,
            f"{name}_plan": self.plan_of,
            f"{name}_runs": list(self.runs),
            f"{name}_touched": list(self.touched),
            f"{name}_failures": FAILURES,
        }


def around_marker(
    marker: FixMarker, window: tuple[datetime, datetime] | None = None
) -> tuple[Side, Side]:
    """Return the sides before and after a fix; an attempt started at the very moment ran the old code."""
    since, until = window or (None, None)
    name = f"FM-{marker.pk} {marker.title}"
    return (
        Side(f"before {name}", since, marker.applied_at, to_inclusive=True),
        Side(f"after {name}", marker.applied_at, until, after_only=True),
    )


def of_fix(marker: FixMarker, keys: Collection[str]) -> tuple[Side, Side]:
    """Return the sides before and after a fix, of its own concerns:
    phases of its fingerprints, source and runs.

    What came after the next fix of one of its fingerprints is that one's.
    """
    scope: dict[str, Any] = {
        "source": marker.source_id,
        "runs": tuple(marker.run_ids),
        "touched": tuple(relatives(keys).all) if keys else (),
    }
    before, after = around_marker(marker)
    until = next_fix(marker) if keys else None
    return replace(before, **scope), replace(after, until=until, to_inclusive=True, **scope)


def next_fix(marker: FixMarker) -> datetime | None:
    """Return the moment of the next fix of one of its fingerprints."""
    later = _same_place(marker).filter(
        fingerprints__in=marker.fingerprints.all(), applied_at__gt=marker.applied_at
    )
    return later.order_by("applied_at").values_list("applied_at", flat=True).first()


def earlier_fix(marker: FixMarker) -> FixMarker | None:
    """The latest fix before it of one of its fingerprints, or of a source as a whole.

    Of two that went in at one moment the first is the earlier one.
    """
    before = Q(applied_at__lt=marker.applied_at) | Q(applied_at=marker.applied_at, pk__lt=marker.pk)
    whole = Q(fingerprints=None, source__isnull=False, run_ids=[])
    same = Q(fingerprints__in=marker.fingerprints.all()) | whole
    found = _same_place(marker).filter(before & same)
    return found.order_by("-applied_at", "-pk").first()


def _same_place(marker: FixMarker) -> QuerySet[FixMarker]:
    """Fixes that are not of another source than it is."""
    if marker.source_id is None:
        return FixMarker.objects.all()
    return FixMarker.objects.filter(Q(source=None) | Q(source=marker.source_id))


def of_session(session: DrainSession) -> Side:
    """The attempts of a session."""
    return Side(f"Drain {session.pk}", session=session.pk)


def of_window(since: datetime, until: datetime) -> Side:
    """Attempts started from `since` to before `until`."""
    return Side(f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC", since, until)


def of_source(source: Source) -> Side:
    """Attempts of all runs of a source."""
    return Side(f"Source {source.name}", source=source.pk)


def before_session(session: DrainSession) -> Side:
    """Return the side of the phases of its plan before the session started."""
    start = session.started_at or session.created_at
    return Side(f"before drain {session.pk}", until=start, plan_of=session.pk)
