"""The actions of the admin: the same verbs as the pages and the commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.utils import timezone

from drain.admin.acts.acting import AdminAction, ReasonForm
from drain.engine.bulk.actions import RowResult
from drain.engine.rescue import is_lost
from drain.models import Phase
from drain.models.vocabulary import PhaseState
from drain.policy.moments import MomentError, read_moment


class ClearForm(ReasonForm):
    """The form of a clearing: the state that the phases move to."""

    field_order = ("to", "reason")
    to = forms.ChoiceField(
        choices=[
            # What can be undone comes first.
            ("FAILED", "Failed: a drain may run it"),
            ("SKIPPED", "Skipped: never mind it, what waits for it may run"),
            ("COMPLETE", "Complete: its work is done, what waits for it may run"),
        ]
    )


class DiscardForm(ReasonForm):
    """As what."""

    field_order = ("to", "reason")
    to = forms.ChoiceField(
        choices=[
            ("SKIPPED", "Skipped: never mind it, what waits for it may run"),
            ("COMPLETE", "Complete: its work was done elsewhere, what waits for it may run"),
        ]
    )


class HoldForm(ReasonForm):
    """Until when."""

    until = forms.CharField(
        required=False,
        max_length=60,
        help_text="18:00 is the next; or 2026-01-31 18:00, in the time zone of your pages; empty: until released.",
    )

    def clean_until(self) -> datetime | None:
        """Return the time to come, or None."""
        text = self.cleaned_data["until"]
        try:
            return read_moment(text, timezone.localtime(), coming=True) if text else None
        except MomentError as error:
            raise forms.ValidationError(str(error)) from None


class DrainForm(ReasonForm):
    """The form of a drain: how many phases at once."""

    parallel = forms.IntegerField(min_value=1, max_value=1000, initial=1)
    max_fingerprint_repeats = forms.IntegerField(
        min_value=1,
        initial=3,
        help_text="No more of a run is started once the same failure came this often in it.",
    )


def phase_label(phase: Phase) -> str:
    """Run and phase as every line of an action names them."""
    return f"{phase.run.run_id} / {phase.phase_id}"


def _only(state: PhaseState, will: str) -> Callable[[Phase], RowResult]:
    def expects(phase: Phase) -> RowResult:
        if phase.state == state:
            return RowResult(phase.pk, phase_label(phase), True, will)
        return RowResult(phase.pk, phase_label(phase), False, f"not moved: it is {phase.state}")

    return expects


def _leased(phase: Phase) -> RowResult:
    over = is_lost(phase)
    said = (
        "its lease ran out: attempt lost, phase failed" if over else "not moved: nothing to rescue"
    )
    return RowResult(phase.pk, phase_label(phase), over, said)


CLEAR = AdminAction(
    "clear_queued",
    "Clear queued to complete, failed or skipped",
    "The selected queued phases move without being run. Complete and skipped cannot be undone, and what "
    "waits for such a phase may run then. A phase of an Autopack database is written back there first.",
    _only(PhaseState.QUEUED, "will be moved"),
    ("run",),
    ClearForm,
)
REQUEUE = AdminAction(
    "requeue",
    "Requeue failed phases",
    "The selected failed phases go back into their pipeline's queue. No drain runs a queued phase unless "
    "it is named: who runs them is the pipeline. Until then they may block other phases of their run.",
    _only(PhaseState.FAILED, "FAILED → QUEUED"),
    ("run",),
)
DISCARD = AdminAction(
    "discard",
    "Discard failed phases as skipped or complete",
    "The selected failed phases end without being run, and what waits for them may run then. This cannot be "
    "undone. A phase of an Autopack database is written back there first.",
    _only(PhaseState.FAILED, "will be discarded"),
    ("run",),
    DiscardForm,
)
DRAIN = AdminAction(
    "drain_selected",
    "Drain selected phases",
    "One drain of the selected failed phases, samples first, with the default limits. The plan "
    "says for each phase whether it is drained or why it is not.",
    _only(PhaseState.FAILED, "offered to the plan"),
    ("run",),
    DrainForm,
)
RESCUE = AdminAction(
    "rescue",
    "Rescue phases of dead workers",
    "Every attempt whose lease ran out ends as lost and its phase becomes failed, in all runs and not "
    "only in the selected ones; drains that lack workers are woken.",
    _leased,
    ("run",),
)
HOLD = AdminAction(
    "hold_runs",
    "Hold runs",
    "No phase of these runs is started from the next claim on; what runs may end.",
    lambda run: RowResult(run.pk, run.run_id, True, "will be held"),
    form=HoldForm,
)
RELEASE = AdminAction(
    "release_holds",
    "Release",
    "The runs can be drained again from the next claim on.",
    lambda held: RowResult(
        held.pk,
        str(held),
        held.released_at is None,
        "will be released" if held.released_at is None else "over",
    ),
)
