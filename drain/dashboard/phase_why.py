"""Why a phase is not running, in one sentence: the policy's own answer for it, from a few rows.

The rows are those that can matter for this phase: what it waits for, through others too, and the first
queued phase of its run. So the answer is that of a drain started now, at the price of a few queries.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from drain.db.sql import rows
from drain.engine.sessions.backlog import active_holds
from drain.models import Attempt, Phase
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    Order,
    PhaseState,
    SourceKind,
)
from drain.policy.limits import MAX_BATCH_SIZE, Limits
from drain.policy.plan import make_plan
from drain.policy.rows import PhaseRow, RunFacts, Scope
from drain.policy.words import age, who

# Up the edges from one phase, over prerequisites that are not complete or skipped: both ends of each edge,
# and the first queued phase of the run, each with the facts about its run and its cause. Planning it takes
# longer than running it.
_ROWS = """
WITH RECURSIVE up AS (
    SELECT d.phase_id, d.prerequisite_id FROM drain_dependency d
    JOIN drain_phase p ON p.id = d.prerequisite_id AND p.state NOT IN ('COMPLETE', 'SKIPPED')
    WHERE d.phase_id = %(phase)s::bigint
    UNION
    SELECT d.phase_id, d.prerequisite_id FROM up
    JOIN drain_dependency d ON d.phase_id = up.prerequisite_id
    JOIN drain_phase p ON p.id = d.prerequisite_id AND p.state NOT IN ('COMPLETE', 'SKIPPED')
), edge AS MATERIALIZED (SELECT phase_id, prerequisite_id FROM up LIMIT 5000),
wanted AS (
    SELECT %(phase)s::bigint AS id UNION SELECT phase_id FROM edge UNION SELECT prerequisite_id FROM edge
    UNION (SELECT id FROM drain_phase WHERE run_id = %(run)s::bigint AND state = 'QUEUED'
        ORDER BY place, id LIMIT 1)
)
SELECT p.id, p.run_id, p.place, p.state, p.failure_category,
    coalesce(m.key, p.last_fingerprint) AS fingerprint, coalesce(m.status, f.status) = 'snoozed'
        AND coalesce(coalesce(m.snoozed_until, f.snoozed_until) > %(now)s::timestamptz, true) AS snoozed,
    p.lease_owner IS NOT NULL AS leased, p.phase_id,
    r.run_id AS run_name, r."order", s.kind, r.max_parallel,
    r.executor_id IS NOT NULL OR EXISTS (SELECT FROM drain_executorprofile WHERE is_default) AS executable,
    ARRAY(SELECT prerequisite_id FROM edge WHERE edge.phase_id = p.id) AS needs
FROM wanted JOIN drain_phase p ON p.id = wanted.id
JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
LEFT JOIN drain_fingerprint f ON f.key = p.last_fingerprint
LEFT JOIN drain_fingerprint m ON m.id = f.merged_into_id
"""


# The live session that has it in its plan, and since when its source could not be asked about it.
_KNOWN = """
SELECT offer.*, debt.made_at AS since, debt.error FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT c.session_id AS session, c.planned_position AS position, s.state
    FROM drain_candidate c JOIN drain_drainsession s ON s.id = c.session_id
    WHERE c.phase_id = %(phase)s::bigint AND c.status = 'waiting' AND s.state = ANY(%(live)s::text[])
    ORDER BY c.id LIMIT 1
) offer ON true LEFT JOIN drain_sourcedebt debt ON debt.phase_id = %(phase)s::bigint AND debt.error <> ''
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """The sentence, the state whose icon stands before it, and what a person can look at next."""

    state: str
    sentence: str
    detail: str = ""
    code: str = ""
    session: int | None = None
    ready: bool = False
    """Nothing holds it back: a drain would take it."""


def explain(phase: Phase, current: Attempt | None, now: datetime) -> Reason:
    """Why this phase is not running, or that it is."""
    values = {"phase": phase.pk, "live": [state.value for state in LIVE_SESSION_STATES]}
    known = rows(_KNOWN, values)[0]
    why = _explained(phase, current, known, now)
    if known["since"] is None:
        return why
    waited = age(known["since"], now)
    told = (
        f"Its source could not be asked for {waited} and may show another state: {known['error']}"
    )
    return replace(why, detail=f"{why.detail} {told} It is asked again every minute.".strip())


def _explained(
    phase: Phase, current: Attempt | None, known: dict[str, Any], now: datetime
) -> Reason:
    if phase.state in _ENDED:
        return Reason(phase.state, _ENDED[phase.state])
    if phase.state == PhaseState.QUEUED:
        waited = age(phase.state_changed_at, now)
        return Reason(
            "queued",
            f"It has been queued for {waited}: its pipeline has to run it.",
            "A drain takes failed phases; a queued one only when somebody asks for it by name.",
        )
    if phase.state != PhaseState.FAILED:
        return _working(phase, current)
    return _offered(known) or _planned(phase, now)


_ENDED = {
    PhaseState.COMPLETE.value: "It is complete, so there is nothing left to run.",
    PhaseState.SKIPPED.value: "It was skipped, so nothing waits for it and it does not run.",
}


def _working(phase: Phase, current: Attempt | None) -> Reason:
    if current is None:
        return Reason(phase.state, "Its pipeline is running it, not a drain of this site.")
    where = f" on {who(current.worker)}" if current.worker else ""
    return Reason(
        current.reported_state.upper() or phase.state,
        f"It is running now: attempt {current.number}{where}.",
        current.progress_message,
        session=current.session_id,
    )


def _offered(waiting: dict[str, Any]) -> Reason | None:
    """The live session that has it in its plan, if one has."""
    if waiting["session"] is None:
        return None
    return Reason(
        "waiting",
        f"It waits for its turn in drain {waiting['session']}, at position {waiting['position']}.",
        f"That drain is {waiting['state']}.",
        session=waiting["session"],
    )


def _planned(phase: Phase, now: datetime) -> Reason:
    found = rows(_ROWS, {"phase": phase.pk, "run": phase.run_id, "now": now})
    plan = make_plan(
        [_row(item) for item in found],
        _run_facts(found, now),
        [(item["id"], need) for item in found for need in item["needs"]],
        Scope(),
        Limits(batch_size=MAX_BATCH_SIZE),
        snoozed=frozenset(item["fingerprint"] for item in found if item["snoozed"]),
    )
    excluded = next((line for line in plan.excluded if line.id == phase.pk), None)
    if excluded is None:
        first = "No drain has taken it yet" if not phase.attempts else "It failed when it was tried"
        return Reason("failed", f"{first}; nothing holds it back now.", ready=True)
    return Reason(
        "waiting", excluded.reason.sentence, _sentence(excluded.detail), excluded.reason.value
    )


def _sentence(detail: str) -> str:
    return f"{detail[:1].upper()}{detail[1:]}." if detail and not detail.endswith(".") else detail


def _row(item: dict[str, Any]) -> PhaseRow:
    return PhaseRow(
        id=item["id"],
        run=item["run_id"],
        place=item["place"],
        state=item["state"],
        category=item["failure_category"],
        fingerprint=item["fingerprint"],
        leased=item["leased"],
        session_attempts=0,
        phase_id=item["phase_id"],
    )


def _run_facts(found: list[dict[str, Any]], now: datetime) -> dict[int, RunFacts]:
    exact, prefixes = active_holds(now)
    return {
        item["run_id"]: RunFacts(
            pk=item["run_id"],
            run_id=item["run_name"],
            sequential=item["order"] == Order.SEQUENTIAL,
            autopack=item["kind"] == SourceKind.AUTOPACK,
            hold=exact.get(item["run_name"], "")
            or next((w for start, w in prefixes.items() if item["run_name"].startswith(start)), ""),
            executable=item["executable"],
            max_parallel=item["max_parallel"],
        )
        for item in found
    }
