"""The verdict on a run promises no more than its phases did."""

from __future__ import annotations

import pytest

from drain.dashboard.drains.queries import verdicts
from drain.dashboard.ui.states import look
from drain.models import SessionRun
from drain.models.vocabulary import RunTier
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tier", "complete", "failed", "stop", "label"),
    [
        (RunTier.PROMISING, 1, 0, "", "Promising"),
        (RunTier.PROMISING, 2, 2, "", "Promising"),
        (RunTier.PROMISING, 1, 4, "", "Sample completed"),
        (RunTier.PROMISING, 0, 1, "", "Another failure"),
        (RunTier.PROMISING, 0, 1, "run_stopped", "Stopped"),
        (RunTier.DEPRIORITISED, 0, 1, "", "Deprioritised"),
        (RunTier.UNSAMPLED, 0, 0, "", "Unsampled"),
    ],
)
def test_a_run_is_called_promising_only_while_no_majority_of_it_fails(
    tier, complete, failed, stop, label
):
    session = SessionFactory()
    SessionRun.objects.create(
        session=session, run=RunFactory(), tier=tier, complete=complete, failed=failed, stop=stop
    )
    (row,) = verdicts(session.pk)
    assert look(row["verdict"]).word == label


@pytest.mark.parametrize(
    ("had", "label"),
    [("k", "Failed as before"), ("other", "Another failure"), ("", "Another failure")],
)
def test_a_sample_that_failed_as_its_phase_was_imported_is_no_other_failure(had, label):
    session, phase = SessionFactory(), PhaseFactory(state="FAILED")
    SessionRun.objects.create(session=session, run=phase.run, tier=RunTier.PROMISING, failed=1)
    CandidateFactory(session=session, phase=phase, fingerprint=had)
    AttemptFactory(session=session, phase=phase, outcome="failed", fingerprint="k")
    (row,) = verdicts(session.pk)
    assert look(row["verdict"]).word == label
