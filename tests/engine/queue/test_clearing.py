"""Clearing and requeueing: exact results per phase, with history and audit."""

from __future__ import annotations

import pytest

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import clear_queued, requeue
from drain.models import AuditEvent, Transition
from drain.models.audit import Person
from drain.models.vocabulary import Origin, PhaseState
from tests.factories import PhaseFactory

pytestmark = pytest.mark.django_db
ADA = Person("ada", Origin.ADMIN, "10.0.0.7")


def test_a_queued_phase_is_cleared_and_a_failed_one_is_left_alone_with_the_reason():
    queued, failed = PhaseFactory(state="QUEUED"), PhaseFactory(state="FAILED")
    results = clear_queued([queued.pk, failed.pk, 0], PhaseState.SKIPPED, "not needed", ADA)
    assert [result.done for result in results] == [True, False, False]
    assert "it is FAILED" in results[1].said
    queued.refresh_from_db()
    assert queued.state == "SKIPPED"
    moved = Transition.objects.get(verb="clear_queued")
    assert (moved.actor, moved.reason, moved.subject_pk) == ("ada", "not needed", queued.pk)
    event = AuditEvent.objects.get()
    assert (event.actor, event.address, event.verb) == ("ada", "10.0.0.7", "phase.clear_queued")
    assert (event.old, event.new) == ({"state": "QUEUED"}, {"state": "SKIPPED"})


def test_clearing_to_failed_keeps_the_reason_as_the_failure():
    queued = PhaseFactory(state="QUEUED")
    clear_queued([queued.pk], PhaseState.FAILED, "waited a day", ADA)
    queued.refresh_from_db()
    assert (queued.state, queued.last_failure_reason) == ("FAILED", "waited a day")


def test_a_failed_phase_goes_back_into_the_queue():
    failed = PhaseFactory(state="FAILED")
    assert requeue([failed.pk], "its pipeline will run it", ADA)[0].done
    failed.refresh_from_db()
    assert failed.state == "QUEUED"


def test_nothing_happens_without_a_reason_or_to_a_state_that_runs():
    queued = PhaseFactory(state="QUEUED")
    with pytest.raises(EngineError, match="reason is missing"):
        clear_queued([queued.pk], PhaseState.COMPLETE, "  ", ADA)
    with pytest.raises(EngineError, match="not to EXECUTING"):
        clear_queued([queued.pk], PhaseState.EXECUTING, "why not", ADA)
    assert not AuditEvent.objects.exists()
