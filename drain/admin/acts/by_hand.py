"""A phase that somebody adds by hand: queued, or failed with the text of its failure."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from drain.fingerprints import fingerprint
from drain.models import Phase
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.fingerprints.splits import Splits
from drain.models.vocabulary import PhaseState


class NewPhaseForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """The form of a new phase; its state moves only by actions afterwards."""

    state = forms.ChoiceField(
        choices=[(PhaseState.QUEUED, "Queued"), (PhaseState.FAILED, "Failed")],
        initial=PhaseState.QUEUED,
        required=False,
        help_text="A drain takes failed phases; a queued one is its pipeline's.",
    )
    last_failure_reason = forms.CharField(
        label="What it failed with",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The text of the failure; its fingerprint is made from it. Only for a failed phase.",
    )

    class Meta:
        model = Phase
        fields = (
            "run", "phase_id", "name", "phase_index", "state", "last_failure_reason", "category",
            "complexity", "params",
        )  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "phase_index": "Its place in the run, from 0: phases run in this order.",
            "params": "What the command line of its executor may name as {params[KEY]}.",
        }

    def clean(self) -> dict[str, Any]:
        """A failed phase says what it failed with, a queued one has not failed."""
        given = super().clean() or {}
        given["state"] = given.get("state") or PhaseState.QUEUED
        failed, reason = given["state"] == PhaseState.FAILED, given.get("last_failure_reason")
        if failed and not reason:
            self.add_error("last_failure_reason", "Say what it failed with: drains group by it.")
        if reason and not failed:
            self.add_error(
                "state", "Only a failed phase has a failure: choose Failed, or leave the text out."
            )
        return given


def file_failure(phase: Phase) -> None:
    """Give a failed phase that is about to be saved the fingerprint of its failure.
    Call in the same transaction.
    """
    text = phase.last_failure_reason
    if phase.state != PhaseState.FAILED or not text:
        return
    now = timezone.now()
    cause = Splits.held().of(fingerprint(text), text)
    record_fingerprints([SeenFingerprint(cause, text, now, now)])
    phase.last_fingerprint, phase.failure_category = cause.key, cause.category
