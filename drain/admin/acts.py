"""The actions of the admin: the same verbs as the pages and the commands."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.utils import timezone

from drain.engine.clearing import PhaseResult, clear_queued, requeue
from drain.engine.errors import EngineError
from drain.engine.holds import hold, release
from drain.engine.planning import Asked as DrainAsked
from drain.engine.planning import create_session
from drain.engine.rescue import rescue
from drain.engine.scope import SessionScope
from drain.engine.sessions import start_session
from drain.models import Hold, Phase, Run
from drain.models.audit import Subject, record_audit
from drain.models.vocabulary import CandidateStatus, PhaseState
from drain.policy.limits import Limits

from .acting import Act, Asked, Line, ReasonForm


class ClearForm(ReasonForm):
    """Where to."""

    field_order = ("to", "reason")
    to = forms.ChoiceField(
        choices=[
            ("COMPLETE", "Complete: its work is done, what waits for it may run"),
            ("FAILED", "Failed: a drain may run it"),
            ("SKIPPED", "Skipped: never mind it, what waits for it may run"),
        ]
    )


class HoldForm(ReasonForm):
    """Until when."""

    until = forms.DateTimeField(required=False, help_text="In UTC; empty: until released.")


class DrainForm(ReasonForm):
    """How many at once."""

    parallel = forms.IntegerField(min_value=1, max_value=1000, initial=1)
    max_fingerprint_repeats = forms.IntegerField(
        min_value=1,
        initial=3,
        help_text="A run is left alone once the same failure came this often in it.",
    )


def phase_label(phase: Phase) -> str:
    """Run and phase as every line of an action names them."""
    return f"{phase.run.run_id} / {phase.phase_id}"


def _lines(results: list[PhaseResult]) -> list[Line]:
    return [Line(f"{each.run_id} / {each.phase_id}", each.done, each.said) for each in results]


def _only(state: PhaseState, will: str) -> Callable[[Phase], Line]:
    def expects(phase: Phase) -> Line:
        if phase.state == state:
            return Line(phase_label(phase), True, will)
        return Line(phase_label(phase), False, f"left alone: it is {phase.state}")

    return expects


def _drain(asked: Asked) -> list[Line]:
    """Start one session over the selected phases and say for each what the plan made of it."""
    limits = Limits(
        batch_size=max(1, len(asked.pks)),
        parallel=asked.given["parallel"],
        max_fingerprint_repeats=asked.given["max_fingerprint_repeats"],
    )
    session = create_session(
        DrainAsked(
            scope=SessionScope(phases=tuple(asked.pks)),
            limits=limits,
            actor=asked.by.name,
            origin=asked.by.origin,
            note=asked.given["reason"],
            address=asked.by.address,
        ),
        timezone.now(),
    )
    start_session(session)
    planned = session.candidates.select_related("phase__run").order_by("planned_position", "pk")
    return [
        Line(phase_label(each.phase), False, f"{each.reason}: {each.detail}")
        if each.status == CandidateStatus.EXCLUDED
        else Line(
            phase_label(each.phase), True, f"drain {session.pk}, position {each.planned_position}"
        )
        for each in planned
    ]


def _leased(phase: Phase) -> Line:
    over = phase.lease_expires_at is not None and phase.lease_expires_at < timezone.now()
    said = (
        "its lease ran out: attempt lost, phase failed" if over else "left alone: nothing to rescue"
    )
    return Line(phase_label(phase), over, said)


def _rescue(asked: Asked) -> list[Line]:
    found = rescue()
    new = {"attempts": found.attempts, "loops": found.loops}
    record_audit(asked.by, "rescue", Subject("site"), asked.given["reason"], new=new)
    return [
        Line("All phases", found.attempts > 0, f"{found.attempts} attempts of dead workers ended"),
        Line("All drains", found.loops > 0, f"{found.loops} wake-ups sent"),
    ]


def _hold(asked: Asked) -> list[Line]:
    lines = []
    for run_id in Run.objects.filter(pk__in=asked.pks).values_list("run_id", flat=True):
        try:
            hold(run_id, asked.given["reason"], asked.by, timezone.now(), asked.given["until"])
        except EngineError as error:
            lines.append(Line(run_id, False, str(error)))
        else:
            lines.append(Line(run_id, True, "held"))
    return lines


def _release(asked: Asked) -> list[Line]:
    lines = []
    for held in Hold.objects.filter(pk__in=asked.pks):
        try:
            release(str(held), asked.by, timezone.now(), asked.given["reason"])
        except EngineError as error:
            lines.append(Line(str(held), False, str(error)))
        else:
            lines.append(Line(str(held), True, "released"))
    return lines


CLEAR = Act(
    "clear_queued",
    "Clear queued to complete, failed or skipped",
    "drain.clear_queued",
    "The selected queued phases move without being run. Complete and skipped cannot be undone, and what "
    "waits for such a phase may run then. A phase of an Autopack database is written back there first.",
    _only(PhaseState.QUEUED, "will be moved"),
    lambda asked: _lines(
        clear_queued(asked.pks, PhaseState(asked.given["to"]), asked.given["reason"], asked.by)
    ),
    ("run",),
    ClearForm,
)
REQUEUE = Act(
    "requeue",
    "Requeue failed phases",
    "drain.requeue_phase",
    "The selected failed phases go back into their pipeline's queue. No drain runs a queued phase unless "
    "it is named: who runs them is the pipeline. Until then they may block other phases of their run.",
    _only(PhaseState.FAILED, "FAILED → QUEUED"),
    lambda asked: _lines(requeue(asked.pks, asked.given["reason"], asked.by)),
    ("run",),
)
DRAIN = Act(
    "drain_selected",
    "Drain selected phases",
    "drain.drain_phases",
    "One drain session over the selected failed phases, samples first, with the default limits. The plan "
    "says for each phase whether it is drained or why it is not.",
    _only(PhaseState.FAILED, "offered to the plan"),
    _drain,
    ("run",),
    DrainForm,
)
RESCUE = Act(
    "rescue",
    "Rescue phases of dead workers",
    "drain.rescue_phases",
    "Every attempt whose lease ran out ends as lost and its phase becomes failed, in all runs and not "
    "only in the selected ones; drains that lack workers are woken.",
    _leased,
    _rescue,
    ("run",),
)
HOLD = Act(
    "hold_runs",
    "Hold runs",
    "drain.hold_run",
    "No phase of these runs is started from the next claim on; what runs may end.",
    lambda run: Line(run.run_id, True, "will be held"),
    _hold,
    form=HoldForm,
)
RELEASE = Act(
    "release_holds",
    "Release",
    "drain.hold_run",
    "The runs can be drained again from the next claim on.",
    lambda held: Line(
        str(held),
        held.released_at is None,
        "will be released" if held.released_at is None else "over",
    ),
    _release,
)
