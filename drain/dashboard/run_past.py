"""A run before and after: its states when the last fix went in, when its last drains began, and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drain.evidence.state_history import run_states_at
from drain.models import Attempt, FixMarker, Run
from drain.models.vocabulary import PhaseState

from .addresses import link

ORDER = ("COMPLETE", "FAILED", "EXECUTING", "GATE", "CI_RUNNING", "QUEUED", "SKIPPED")

DRAINS = 2
"""Drains that get a column."""
LOOKED_AT = 200
"""Newest attempts of the run in which its drains are looked for."""


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
        """All phases that the run had."""
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
    def gain(self) -> float:
        """Points that the share of complete phases rose from the first column to the last."""
        return (self.moments[-1].complete - self.moments[0].complete) * 100


def read_past(run: Run, counts: Mapping[str, int], now: datetime) -> RunPast | None:
    """The run before its last drains and the latest fix marker, and now; None without any. Three queries."""
    found = {at: (word, href) for word, href, at in _happened(run, now)}
    then = run_states_at(run.pk, list(found), counts)
    moments = [Moment(*found[at], at, then[at]) for at in sorted(found) if then[at]]
    if not moments or not counts:
        return None
    moments.append(Moment("Now", "", None, counts))
    shown = [state for state in ORDER if any(one.counts.get(state) for one in moments)]
    numbers = {state: [one.counts.get(state, 0) for one in moments] for state in shown}
    return RunPast(moments, [(state, n, _signed(n[-1] - n[0])) for state, n in numbers.items()])


def _happened(run: Run, now: datetime) -> list[tuple[str, str, datetime]]:
    ran = Attempt.objects.filter(run=run, session__started_at__isnull=False).order_by("-started_at")
    sessions = dict(ran.values_list("session_id", "session__started_at")[:LOOKED_AT])
    marker = FixMarker.objects.filter(applied_at__lte=now).order_by("-applied_at")
    fix = marker.values_list("pk", "applied_at").first()
    found = []
    if fix is not None:
        found.append((f"Before FM-{fix[0]}", link("marker-detail", fix[0]), fix[1]))
    for pk, started_at in list(sessions.items())[:DRAINS]:
        if started_at is not None:
            found.append((f"Before drain {pk}", link("session-detail", pk), started_at))
    return found


def _signed(change: int) -> str:
    return f"{change:+,}".replace("-", "−") if change else "0"
