"""Queries of a run's page: a fixed number, each bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone

from drain.dashboard.runs.graph import Drawing, Node, lay_out
from drain.dashboard.runs.timeline import (
    Stretch,
    TimelineSpan,
    lane_marks,
    latest_period,
    shared_period,
    ticks,
)
from drain.dashboard.ui.svg import LaneMark
from drain.db.sql import rows
from drain.models import Hold, Run
from drain.models.vocabulary import ENDED_STATES, PhaseState
from drain.policy.words import last_line

PAGE = 200
GRAPH_EDGES = 400
"""Beyond this a drawing is a ball of wool: the page says so instead."""
REASON_CHARACTERS = 600
_EDGES = """
SELECT p.id AS phase, p.phase_id AS name, p.state, q.id AS need, q.phase_id AS need_name, q.state AS need_state,
    q.run_id AS need_run, r.run_id AS need_run_name
FROM drain_phase p JOIN drain_dependency d ON d.phase_id = p.id
JOIN drain_phase q ON q.id = d.prerequisite_id JOIN drain_run r ON r.id = q.run_id
WHERE p.run_id = %(run)s::bigint ORDER BY d.id LIMIT %(limit)s::int
"""
HOLDS = 10
ATTEMPTS = 12
"""The newest of a phase, which its row shows."""
# By hand: with the newest attempts of each phase, by one look into an index for each.
_PHASES = """
SELECT p.id AS pk, CASE WHEN p.tier_index = 0 THEN '' ELSE p.tier_index || '.' END || p.phase_index AS place,
    p.phase_id, p.state, p.state_changed_at AS since,
    right(p.last_failure_reason, %(characters)s::int) AS reason,
    (SELECT f.title FROM drain_fingerprint f WHERE f.key = p.last_fingerprint) AS fingerprint,
    (SELECT coalesce(json_agg(json_build_array(
            coalesce(nullif(a.outcome, ''), nullif(upper(a.reported_state), ''), 'EXECUTING'),
            extract(epoch FROM a.started_at)::float8,
            extract(epoch FROM coalesce(a.finished_at, %(now)s::timestamptz))::float8, a.number
        ) ORDER BY a.number), '[]') FROM (
        SELECT number, outcome, reported_state, started_at, finished_at FROM drain_attempt
        WHERE phase_id = p.id ORDER BY number DESC LIMIT %(each)s
    ) a) AS attempts
FROM drain_phase p
WHERE p.run_id = %(run)s::bigint AND (p.place, p.id) > (%(index)s::bigint, %(pk)s::bigint)
ORDER BY p.place, p.id LIMIT %(limit)s::int
"""
_BEFORE_ALL = (-(2**62), 0)
_HOLDS = """
SELECT * FROM drain_hold
WHERE kind = 'run' AND value = %(name)s OR kind = 'prefix' AND starts_with(%(name)s, value)
ORDER BY released_at DESC NULLS FIRST, id DESC LIMIT %(limit)s
"""


class RunPhase(NamedTuple):
    """The fields of a phase for its row; a whole model takes several times as long to read."""

    pk: int
    place: str
    phase_id: str
    state: str
    since: datetime
    reason: str
    """The end of its last failure."""
    fingerprint: str | None
    """The title of its fingerprint."""
    attempts: list[Stretch]
    """The newest few, the oldest of them first; an open one reaches to now."""

    @property
    def error(self) -> str:
        """The reason of its last failure, unless it is over."""
        if not self.reason or self.state in ENDED_STATES:
            return ""
        return self.fingerprint or last_line(self.reason, REASON_CHARACTERS)


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One row of the run's table."""

    phase: RunPhase
    outcomes: list[str]
    """The outcomes for the attempt squares."""
    marks: list[LaneMark]
    seconds: float | None


class ShownFix(NamedTuple):
    """A fix marker on the timeline; `place` is 0 at its left end and 1 at its right."""

    pk: int
    name: str
    at: datetime
    place: float


@dataclass(frozen=True, slots=True)
class RunTable:
    """A page of a run's phases with the timeline they share."""

    lines: list[PhaseLine]
    next_after: int | None
    period: TimelineSpan | None
    ticks: list[tuple[float, str, bool]] = field(default_factory=list)
    earlier: int = 0
    """Attempts before the period, which the lanes leave out."""
    first: datetime | None = None
    """The start of the first of all shown attempts."""

    @property
    def hours(self) -> list[float]:
        """Places of the vertical rules."""
        return [place for place, _, _ in self.ticks]

    def fixes(self, markers: Sequence[tuple[int, datetime]]) -> list[ShownFix]:
        """The fix markers of its period at their places."""
        if self.period is None:
            return []
        return [
            ShownFix(pk, f"FM-{pk}", at, self.period.share(at.timestamp())) for pk, at in markers
        ]


def run_table(
    run: Run, after: tuple[int, int] | None, now: datetime, *, whole: bool = False
) -> RunTable:
    """The phases after (index, pk) in the order of the run. One query.

    The lanes reach over the last attempts that belong together, or with `whole` over all of them.
    """
    page = _phases(run, after, now)
    shown = page[:PAGE]
    stretches = [one for phase in shown for one in phase.attempts]
    period = (None if whole else latest_period(stretches)) or shared_period(stretches)
    seconds = now.timestamp()
    lines = [_line(phase, period, seconds) for phase in shown]
    following = shown[-1].pk if len(page) > PAGE else None
    if period is None:
        return RunTable(lines, following, None)
    zone = timezone.get_current_timezone()
    return RunTable(
        lines,
        following,
        period,
        ticks(period, zone),
        earlier=sum(one.end < period.start for one in stretches),
        first=datetime.fromtimestamp(min(one.start for one in stretches), UTC),
    )


def _phases(run: Run, after: tuple[int, int] | None, now: datetime) -> list[RunPhase]:
    """A page of phases and one more if there is."""
    index, pk = after or _BEFORE_ALL
    values = {"run": run.pk, "index": index, "pk": pk, "limit": PAGE + 1, "now": now}
    values |= {"characters": REASON_CHARACTERS, "each": ATTEMPTS}
    return [
        RunPhase(**found | {"attempts": [Stretch(*one) for one in found["attempts"]]})
        for found in rows(_PHASES, values)
    ]


def _line(phase: RunPhase, period: TimelineSpan | None, now: float) -> PhaseLine:
    attempts = phase.attempts
    queued_since = phase.since.timestamp() if phase.state == PhaseState.QUEUED else None
    marks = lane_marks(attempts, period, queued_since, now) if period else []
    last = attempts[-1] if attempts else None
    seconds = last.end - last.start if last else None
    if queued_since is not None:
        seconds = now - queued_since
    return PhaseLine(phase, [one.state for one in attempts], marks, seconds)


def holds_on(run: Run) -> list[Hold]:
    """The newest holds on the run itself or on a prefix of its name, over and released ones too."""
    return list(Hold.objects.raw(_HOLDS, {"name": run.run_id, "limit": HOLDS}))


def holds_still(held: Hold, now: datetime) -> bool:
    """Return whether it still sets runs aside."""
    return held.released_at is None and (held.until is None or held.until > now)


@dataclass(frozen=True, slots=True)
class Graph:
    """Declared dependencies that touch a run: drawn, or only counted when there are too many."""

    layout: Drawing | None
    edges: int
    too_many: bool


def dependency_graph(run: Run) -> Graph:
    """The graph of one run, with the phases of other runs that it waits for."""
    found = rows(_EDGES, {"run": run.pk, "limit": GRAPH_EDGES + 1})
    if len(found) > GRAPH_EDGES:
        return Graph(None, len(found), too_many=True)
    nodes: dict[int, Node] = {}
    for edge in found:
        need, name = edge["need"], edge["need_name"]
        if edge["need_run"] != run.pk:
            name = f"{edge['need_run_name']} / {name}"
        nodes[need] = Node(need, name, edge["need_state"])
        nodes[edge["phase"]] = Node(edge["phase"], edge["name"], edge["state"])
    edges = [(edge["phase"], edge["need"]) for edge in found]
    layout = lay_out(list(nodes.values()), edges, ENDED_STATES) if edges else None
    return Graph(layout, len(edges), too_many=False)
