"""Advice for an empty plan: the commonest reason, the queued phase behind it, commands with their names."""

from __future__ import annotations

from dataclasses import dataclass, field

from drain.dashboard.drains.steps import Fact
from drain.dashboard.http.links import excluded_href, phase_href
from drain.dashboard.ui.states import reason_word
from drain.models import Candidate, DrainSession, Phase, Run
from drain.models.vocabulary import CandidateStatus, PhaseState
from drain.policy.actions import Action, ActionSubject, for_reason
from drain.policy.reasons import ExclusionReason
from drain.policy.selection.plan import Plan
from drain.policy.words import counted

_QUEUED = (ExclusionReason.QUEUED_IN_RUN, ExclusionReason.WAITS_FOR_QUEUED)
LOOKED_AT = 20
"""Queued phases of one run that are compared with the name in the ledger's detail."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The page's text about an empty plan."""

    sentence: str
    facts: list[Fact] = field(default_factory=list)
    actions: tuple[Action, ...] = ()


def nothing_selected(session: DrainSession) -> Nothing:
    """An empty session explained by its ledger's longest line; two queries at most."""
    if not session.ledger:
        return Nothing("Nothing was drained: no failed phase is in scope.")
    reason = ExclusionReason(max(session.ledger, key=lambda name: session.ledger[name]))
    line = _first(session, reason)
    blocker = None if line is None else _blocker(line.run_id, reason, line.detail)
    names = (
        ActionSubject() if line is None else _names(reason, line.run, line.phase.phase_id, blocker)
    )
    said = f"Nothing was drained: {reason.sentence[0].lower()}{reason.sentence[1:]}"
    return Nothing(said, _facts(session, reason, blocker), for_reason(reason, names))


def plan_subject(plan: Plan) -> ActionSubject:
    """The names in the commands for a preview that selects nothing."""
    if not plan.counts:
        return ActionSubject()
    reason = max(plan.counts, key=plan.counts.__getitem__)
    line = next(line for line in plan.excluded if line.reason is reason)
    run = Run.objects.get(pk=line.run)
    return _names(reason, run, line.phase_id, _blocker(run.pk, reason, line.detail))


def _names(
    reason: ExclusionReason, run: Run, phase_id: str, blocker: Phase | None
) -> ActionSubject:
    if reason is ExclusionReason.RUN_HELD:
        # The hold may be on a prefix of this name, and then only the prefix can be released.
        return ActionSubject()
    queued = blocker.phase_id if blocker is not None else "PHASE"
    return ActionSubject(run_id=run.run_id, phase_id=phase_id, queued_phase_id=queued)


def _facts(session: DrainSession, reason: ExclusionReason, blocker: Phase | None) -> list[Fact]:
    share = f"{session.ledger[reason]:,} of {counted(session.total_failed, 'failed phase')}"
    found = [Fact(reason_word(reason), share, excluded_href(session.pk, reason))]
    if blocker is not None:
        text, href = f"{blocker.phase_id}, {blocker.run.run_id}", phase_href(blocker.pk)
        found.append(Fact("Blocker", text, href, state=blocker.state))
    return found


def _first(session: DrainSession, reason: ExclusionReason) -> Candidate | None:
    found = Candidate.objects.filter(session=session, reason=reason)
    found = found.filter(status=CandidateStatus.EXCLUDED)
    return found.select_related("phase", "run").order_by("pk").first()


def _blocker(run: int, reason: ExclusionReason, detail: str) -> Phase | None:
    """The queued phase of the run that the line's detail names; None when it is elsewhere or gone."""
    if reason not in _QUEUED:
        return None
    queued = Phase.objects.filter(run=run, state=PhaseState.QUEUED).select_related("run")
    near = queued.order_by("place")[:LOOKED_AT]
    return next((phase for phase in near if phase.phase_id in detail), None)
