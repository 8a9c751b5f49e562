"""Why a phase is not running, in one sentence: the policy's own answer for it, from a few rows.

The rows are those that can matter for this phase: what it waits for, through others too, and the first
queued phase of its run. So the answer is that of a drain started now, at the price of a few queries.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from drain.engine.backlog import active_holds
from drain.models import Attempt, Candidate, Phase, SourceDebt
from drain.models.door.cursor import rows
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    CandidateStatus,
    Order,
    PhaseState,
    SourceKind,
)
from drain.policy.limits import MAX_BATCH_SIZE, Limits
from drain.policy.plan import make_plan
from drain.policy.rows import PhaseRow, RunFacts, Scope

from .formats import age, who

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
        ORDER BY phase_index, id LIMIT 1)
)
SELECT p.id, p.run_id, p.phase_index, p.state, p.failure_category,
    coalesce(m.key, p.last_fingerprint) AS fingerprint, coalesce(m.status, f.status) = 'snoozed'
        AND coalesce(coalesce(m.snoozed_until, f.snoozed_until) > %(now)s::timestamptz, true) AS snoozed,
    p.lease_owner IS NOT NULL AND p.lease_expires_at > now() AS leased, p.phase_id,
    r.run_id AS run_name, r."order", s.kind, r.max_parallel,
    ARRAY(SELECT prerequisite_id FROM edge WHERE edge.phase_id = p.id) AS needs
FROM wanted JOIN drain_phase p ON p.id = wanted.id
JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
LEFT JOIN drain_fingerprint f ON f.key = p.last_fingerprint
LEFT JOIN drain_fingerprint m ON m.id = f.merged_into_id
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
    """Why this phase, read by `with_offer`, is not running, or that it is."""
    why = _explained(phase, current, now)
    debt: dict[str, Any] | None = phase.debt  # type: ignore[attr-defined] # with_offer gave it
    if debt is None:
        return why
    waited = age(datetime.fromisoformat(debt["since"]), now)
    told = f"Its source could not be asked for {waited} and may show another state: {debt['error']}"
    return replace(why, detail=f"{why.detail} {told} It is asked again every minute.".strip())


def _explained(phase: Phase, current: Attempt | None, now: datetime) -> Reason:
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
    return _offered(phase) or _planned(phase, now)


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


def with_offer(phases: QuerySet[Phase]) -> QuerySet[Phase]:
    """Phases with what `explain` wants to know of each: the live session that has it in its plan, and its debt."""
    found = Candidate.objects.filter(
        phase=OuterRef("pk"),
        session__state__in=LIVE_SESSION_STATES,
        status=CandidateStatus.WAITING,
    ).order_by("pk")
    told = JSONObject(session="session_id", position="planned_position", state="session__state")
    owed = SourceDebt.objects.filter(phase=OuterRef("pk")).exclude(error="")
    debt = JSONObject(since="made_at", error="error")
    return phases.annotate(
        offer=Subquery(found.values(told=told)[:1]), debt=Subquery(owed.values(told=debt)[:1])
    )


def _offered(phase: Phase) -> Reason | None:
    """The live session that has it in its plan, if one has."""
    waiting: dict[str, Any] | None = phase.offer  # type: ignore[attr-defined] # with_offer gave it
    if waiting is None:
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
        phase_index=item["phase_index"],
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
            max_parallel=item["max_parallel"],
        )
        for item in found
    }
