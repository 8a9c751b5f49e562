"""The reason why a phase is not drained, in one sentence: the planner's own answer for it, from a few rows.

The page of a phase, `manage.py why`, the API and the admin all ask here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from drain.db.sql import row
from drain.engine.sessions.backlog import read_near
from drain.models import Attempt, Phase
from drain.models.vocabulary import LIVE_SESSION_STATES, PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.selection.graph import CycleError
from drain.policy.selection.plan import make_plan
from drain.policy.selection.rows import Scope
from drain.policy.stopping.limits import MAX_BATCH_SIZE, Limits
from drain.policy.words import age, who

# What is known of one phase beside the facts of a plan: the live session that has it in its plan,
# since when its source could not be asked about it, and the last plan that left it out since it failed.
_KNOWN = """
SELECT offer.*, debt.made_at AS since, debt.error, plan.session AS planned_by, plan.reason, plan.detail
FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT c.session_id AS session, c.planned_position AS position, s.state
    FROM drain_candidate c JOIN drain_drainsession s ON s.id = c.session_id
    WHERE c.phase_id = %(phase)s::bigint AND c.status = 'waiting' AND s.state = ANY(%(live)s::text[])
    ORDER BY c.id LIMIT 1
) offer ON true LEFT JOIN drain_sourcedebt debt ON debt.phase_id = %(phase)s::bigint AND debt.error <> ''
LEFT JOIN LATERAL (
    SELECT c.session_id AS session, c.reason, c.detail
    FROM drain_candidate c JOIN drain_drainsession s ON s.id = c.session_id
    WHERE c.phase_id = %(phase)s::bigint AND c.status = 'excluded' AND s.created_at > %(changed)s::timestamptz
    ORDER BY c.id DESC LIMIT 1
) plan ON true
"""
_ENDED = {
    PhaseState.COMPLETE.value: "It is complete, so there is nothing left to run.",
    PhaseState.SKIPPED.value: "It was skipped, so nothing waits for it and it does not run.",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The last plan that left a phase out since it failed."""

    session: int
    reason: str
    """An ExclusionReason."""
    sentence: str
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reason why a phase is not running, or that it is."""

    state: str
    """The phase's state, `waiting` for one that is held back: what stands before the sentence as an icon."""
    sentence: str
    detail: str = ""
    reason: str = ""
    """The ExclusionReason that a drain started now would give; "" for none."""
    session: int | None = None
    """The drain that runs it or has it in its plan."""
    ready: bool = False
    """Nothing holds it back: a drain would take it."""
    left_out: LeftOut | None = None

    @property
    def lines(self) -> list[str]:
        """The answer in sentences, with the codes that scripts know."""
        code = f" [{self.reason}]" if self.reason else ""
        left = self.left_out
        told = f"Drain {left.session} left it out: {left.sentence} [{left.reason}]" if left else ""
        return [line for line in (f"{self.sentence}{code}", self.detail, told) if line]

    def as_json(self) -> dict[str, Any]:
        """Return the same for scripts: what is not there is null."""
        return asdict(self) | {"detail": self.detail or None, "reason": self.reason or None}


def explain(phase: Phase, now: datetime) -> Explanation:
    """Return why this phase is not drained, as a drain of everything started now would say.
    At most two queries, three for one that runs.
    """
    live = [state.value for state in LIVE_SESSION_STATES]
    known = row(_KNOWN, {"phase": phase.pk, "live": live, "changed": phase.state_changed_at})
    why = _explained(phase, known, now)
    if known["since"] is None:
        return why
    waited = age(known["since"], now)
    words = (
        f"Its source could not be asked for {waited} and may show another state: {known['error']}"
    )
    return replace(why, detail=f"{why.detail} {words} It is asked again every minute.".strip())


def _explained(phase: Phase, known: dict[str, Any], now: datetime) -> Explanation:
    if phase.state in _ENDED:
        return Explanation(phase.state, _ENDED[phase.state])
    if phase.state == PhaseState.QUEUED:
        waited = age(phase.state_changed_at, now)
        return Explanation(
            "queued",
            f"It has been queued for {waited}: its pipeline has to run it.",
            "A drain takes failed phases; a queued one only when somebody asks for it by name.",
        )
    if phase.state != PhaseState.FAILED:
        return _working(phase)
    return replace(_offered(known) or _planned(phase, now), left_out=_left_out(known))


def _working(phase: Phase) -> Explanation:
    current = Attempt.objects.filter(phase=phase, finished_at=None).first()
    if current is None:
        return Explanation(phase.state, "Its pipeline is running it, not a drain of this site.")
    where = f" on {who(current.worker)}" if current.worker else ""
    return Explanation(
        current.reported_state.upper() or phase.state,
        f"It is running now: attempt {current.number}{where}.",
        current.progress_message,
        session=current.session_id,
    )


def _offered(known: dict[str, Any]) -> Explanation | None:
    """The live session that has it in its plan, if one has."""
    if known["session"] is None:
        return None
    return Explanation(
        "waiting",
        f"It waits for its turn in drain {known['session']}, at position {known['position']}.",
        f"That drain is {known['state']}.",
        reason=ExclusionReason.LEASED.value,
        session=known["session"],
    )


def _planned(phase: Phase, now: datetime) -> Explanation:
    facts = read_near(phase.pk, now)
    scope, limits = Scope(), Limits(batch_size=MAX_BATCH_SIZE)
    try:
        plan = make_plan(facts.rows, facts.runs, facts.edges, scope, limits, snoozed=facts.snoozed)
    except CycleError as error:
        return Explanation("waiting", "No drain can be planned: it waits for itself.", str(error))
    excluded = next((line for line in plan.excluded if line.id == phase.pk), None)
    if excluded is None:
        first = "No drain has taken it yet" if not phase.attempts else "It failed when it was tried"
        return Explanation("failed", f"{first}; nothing holds it back now.", ready=True)
    reason = excluded.reason
    return Explanation("waiting", reason.sentence, _sentence(excluded.detail), reason.value)


def _left_out(known: dict[str, Any]) -> LeftOut | None:
    if known["planned_by"] is None:
        return None
    reason = ExclusionReason(known["reason"])
    return LeftOut(known["planned_by"], reason.value, reason.sentence, _sentence(known["detail"]))


def _sentence(detail: str) -> str:
    """A detail of a plan as a sentence; "" for none."""
    return f"{detail[:1].upper()}{detail[1:]}." if detail and not detail.endswith(".") else detail
