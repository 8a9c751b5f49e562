"""One side of a comparison: which attempts belong to it, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.evidence.causes import causes, resolve_keys
from drain.evidence.sql import rows
from drain.evidence.statistics import Interval, poisson_rate, quantile, wilson
from drain.models import DrainSession, FixMarker, Source
from drain.models.vocabulary import FAILURE_OUTCOMES, RATED_OUTCOMES, UNCOUNTED_OUTCOMES

FAILURES = [outcome.value for outcome in FAILURE_OUTCOMES]
RATED = [outcome.value for outcome in RATED_OUTCOMES]
UNCOUNTED = [outcome.value for outcome in UNCOUNTED_OUTCOMES]


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
    after_only: bool = False
    to_inclusive: bool = False

    def where(self, name: str) -> str:
        """SQL condition on attempt `name`; its values are those of `values` with that prefix."""
        parts = [f"{name}.finished_at IS NOT NULL"]
        if self.since is not None:
            parts.append(f"{name}.started_at {'>' if self.after_only else '>='} %({name}_since)s")
        if self.until is not None:
            parts.append(f"{name}.started_at {'<=' if self.to_inclusive else '<'} %({name}_until)s")
        if self.session is not None:
            parts.append(f"{name}.session_id = %({name}_session)s")
        if self.source is not None:
            runs = f"SELECT id FROM drain_run WHERE source_id = %({name}_source)s"  # noqa: S608 - our name
            parts.append(f"{name}.run_id IN ({runs})")
        if self.plan_of is not None:
            plan = f"SELECT phase_id FROM drain_candidate WHERE session_id = %({name}_plan)s"  # noqa: S608 - our name
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
        }


def around_marker(
    marker: FixMarker, window: tuple[datetime, datetime] | None = None
) -> tuple[Side, Side]:
    """Before and after a fix; an attempt started at the very moment ran the old code."""
    since, until = window or (None, None)
    name = f"FM-{marker.pk} {marker.title}"
    return (
        Side(f"before {name}", since, marker.applied_at, to_inclusive=True),
        Side(f"after {name}", marker.applied_at, until, after_only=True),
    )


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
    """What the phases of its plan did before the session started."""
    start = session.started_at or session.created_at
    return Side(f"before drain {session.pk}", until=start, plan_of=session.pk)


@dataclass(frozen=True, slots=True)
class Rate:
    """A completion rate with the n it stands on and Wilson's interval (None when n is 0)."""

    complete: int
    n: int
    interval: Interval | None

    @classmethod
    def of(cls, complete: int, n: int) -> Rate:
        """From counts."""
        return cls(complete, n, wilson(complete, n))


@dataclass(frozen=True, slots=True)
class Yield:
    """Telemetry: events per attempt-minute (Garwood), and per attempt the median and p90."""

    events: int
    minutes: float
    attempts: int
    with_events: int
    per_minute: Interval | None
    median: Interval | None
    p90: Interval | None


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Failed attempts of one cause."""

    key: str
    title: str
    status: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What the attempts of one side came to."""

    label: str
    attempts: int
    phases: int
    outcomes: dict[str, int]
    rate: Rate
    telemetry: Yield
    zero_yield: dict[str, int]
    """Counted attempts without an event, by reason; "unknown" when none was found."""
    causes: tuple[CauseCount, ...]
    """Most frequent first."""


def figures(side: Side) -> Figures:
    """Counts of one side; cancelled, interrupted and diverted attempts are listed but count nowhere."""
    outcomes = {item["outcome"]: item for item in _outcomes(side)}
    counted = [item for name, item in outcomes.items() if name not in UNCOUNTED]
    rated = sum(outcomes[name]["attempts"] for name in RATED if name in outcomes)
    complete = outcomes["complete"]["attempts"] if "complete" in outcomes else 0
    return Figures(
        label=side.label,
        attempts=sum(item["attempts"] for item in counted),
        phases=_phases(side),
        outcomes={name: item["attempts"] for name, item in outcomes.items()},
        rate=Rate.of(complete, rated),
        telemetry=_yield(side, sum(item["seconds"] for item in counted)),
        zero_yield=_zero_yield(side),
        causes=_causes(side),
    )


def _outcomes(side: Side) -> list[dict[str, Any]]:
    return rows(
        "SELECT outcome, count(*)::int AS attempts, "  # noqa: S608 - fixed parts
        "sum(extract(epoch FROM finished_at - started_at))::float8 AS seconds "
        f"FROM drain_attempt a WHERE {side.where('a')} GROUP BY 1 ORDER BY 1",
        side.values("a"),
    )


def _phases(side: Side) -> int:
    found = rows(
        "SELECT count(DISTINCT phase_id)::int AS n FROM drain_attempt a "  # noqa: S608 - fixed parts
        f"WHERE {side.where('a')} AND NOT outcome = ANY(%(uncounted)s)",
        side.values("a") | {"uncounted": UNCOUNTED},
    )
    return int(found[0]["n"])


def _yield(side: Side, seconds: float) -> Yield:
    counts = [
        (float(item["telemetry_count"]), item["n"])
        for item in rows(
            "SELECT telemetry_count, count(*)::int AS n FROM drain_attempt a "  # noqa: S608 - fixed parts
            f"WHERE {side.where('a')} AND NOT outcome = ANY(%(uncounted)s) GROUP BY 1 ORDER BY 1",
            side.values("a") | {"uncounted": UNCOUNTED},
        )
    ]
    events = int(sum(value * n for value, n in counts))
    return Yield(
        events=events,
        minutes=seconds / 60,
        attempts=sum(n for _, n in counts),
        with_events=sum(n for value, n in counts if value),
        per_minute=poisson_rate(events, seconds / 60),
        median=quantile(counts, 0.5),
        p90=quantile(counts, 0.9),
    )


def _zero_yield(side: Side) -> dict[str, int]:
    found = rows(
        "SELECT coalesce(nullif(zero_yield_reason, ''), 'unknown') AS reason, count(*)::int AS n "  # noqa: S608 - fixed parts
        f"FROM drain_attempt a WHERE {side.where('a')} AND telemetry_count = 0 "
        "AND NOT outcome = ANY(%(uncounted)s) GROUP BY 1 ORDER BY 2 DESC, 1",
        side.values("a") | {"uncounted": UNCOUNTED},
    )
    return {item["reason"]: item["n"] for item in found}


def _causes(side: Side) -> tuple[CauseCount, ...]:
    found = rows(
        "SELECT fingerprint, count(*)::int AS n FROM drain_attempt a "  # noqa: S608 - fixed parts
        f"WHERE {side.where('a')} AND outcome = ANY(%(failures)s) GROUP BY 1",
        side.values("a") | {"failures": FAILURES},
    )
    stands_for = resolve_keys(item["fingerprint"] for item in found)
    totals: dict[str, int] = {}
    for item in found:
        key = stands_for.get(item["fingerprint"], "")
        totals[key] = totals.get(key, 0) + item["n"]
    known = causes(totals)
    return tuple(
        CauseCount(key, known[key].title, known[key].status, n)
        if key
        else CauseCount("", "no fingerprint", "new", n)
        for key, n in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    )
