"""A run before and after: its states when the last fix went in, when its last drains began, and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drain.dashboard.http.links import link
from drain.dashboard.runs.timeline import TimelineSpan
from drain.db.sql import rows
from drain.evidence.rollups.state_history import run_states_at
from drain.models import Run
from drain.models.vocabulary import PhaseState

ORDER = ("COMPLETE", "FAILED", "EXECUTING", "GATE", "CI_RUNNING", "QUEUED", "SKIPPED")

DRAINS = 2
"""Drains that get a column."""
LOOKED_AT = 200
"""Newest attempts of the run in which its drains are looked for."""
FIXES = 5
"""Fix markers that a timeline shows."""
_HAPPENED = """
(SELECT 'drain' AS what, s.id, s.started_at AS at FROM (
    SELECT session_id, max(started_at) AS newest FROM (
        SELECT session_id, started_at FROM drain_attempt WHERE run_id = %(run)s AND session_id IS NOT NULL
        ORDER BY started_at DESC LIMIT %(looked)s
    ) looked GROUP BY 1
) a JOIN drain_drainsession s ON s.id = a.session_id WHERE s.started_at IS NOT NULL ORDER BY a.newest DESC LIMIT %(drains)s)
UNION ALL
(SELECT 'last fix', id, applied_at FROM drain_fixmarker WHERE applied_at <= %(now)s ORDER BY applied_at DESC LIMIT 1)
UNION ALL
(SELECT 'fix', id, applied_at FROM drain_fixmarker WHERE applied_at BETWEEN %(start)s AND %(end)s
    ORDER BY applied_at LIMIT %(fixes)s)
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """A run's events, as (number, moment): its last drains, the latest fix, and those of its timeline."""

    drains: list[tuple[int, datetime]] = field(default_factory=list)
    last_fix: list[tuple[int, datetime]] = field(default_factory=list)
    fixes: list[tuple[int, datetime]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """A column: what happened then, and how many phases were in each state just before."""

    word: str
    href: str
    at: datetime | None
    """None is now."""
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of all phases that the run had."""
        return sum(self.counts.values())

    @property
    def complete(self) -> float:
        """Share of its phases that were complete; a moment without phases is no column."""
        return self.counts.get(PhaseState.COMPLETE, 0) / self.total


@dataclass(frozen=True, slots=True)
class RunPast:
    """Columns in the order of time, the last one now; `rows` are a state, its counts, and their change."""

    moments: list[Moment]
    rows: list[tuple[str, list[int], str]]

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, int]], str]]:
        """`rows` with the word of its column beside each count."""
        words = [moment.word for moment in self.moments]
        return [
            (state, list(zip(words, counts, strict=True)), change)
            for state, counts, change in self.rows
        ]

    @property
    def gain(self) -> float:
        """Points that the share of complete phases rose from the first column to the last."""
        return (self.moments[-1].complete - self.moments[0].complete) * 100


def happened(run: Run, period: TimelineSpan | None, now: datetime) -> Happened:
    """The drains and fixes that a run's page speaks of. One query."""
    limits = {"looked": LOOKED_AT, "drains": DRAINS, "fixes": FIXES}
    start, end = period.moments if period else (now, now)
    found: dict[str, list[tuple[int, datetime]]] = {"drain": [], "last fix": [], "fix": []}
    for item in rows(_HAPPENED, limits | {"run": run.pk, "now": now, "start": start, "end": end}):
        found[item["what"]].append((item["id"], item["at"]))
    return Happened(found["drain"], found["last fix"], found["fix"])


def read_past(run: Run, counts: Mapping[str, int], what: Happened) -> RunPast | None:
    """The run before its last drains and the latest fix marker, and now; None without any. One query."""
    found = {at: (f"Before FM-{pk}", link("marker-detail", pk)) for pk, at in what.last_fix}
    found |= {at: (f"Before drain {pk}", link("session-detail", pk)) for pk, at in what.drains}
    then = run_states_at(run.pk, list(found), counts)
    moments = [Moment(*found[at], at, then[at]) for at in sorted(found) if then[at]]
    if not moments or not counts:
        return None
    moments.append(Moment("Now", "", None, counts))
    shown = [state for state in ORDER if any(one.counts.get(state) for one in moments)]
    numbers = {state: [one.counts.get(state, 0) for one in moments] for state in shown}
    return RunPast(moments, [(state, n, _signed(n[-1] - n[0])) for state, n in numbers.items()])


def _signed(change: int) -> str:
    return f"{change:+,}".replace("-", "−") if change else "0"
