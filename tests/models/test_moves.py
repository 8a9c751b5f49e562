"""A move of phases takes those that are as expected and nobody else's, also when two move them at once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import transaction

from drain.models import Phase, Transition
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import PhaseState, SessionState
from tests.engine.attempts.meetings import held_up
from tests.factories import PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db
WHY = MoveReason("requeue", "ada", "again")


def queue(*phases: Phase, lease: object = None) -> list[int]:
    keys = [phase.pk for phase in phases]
    expect = ["FAILED", "EXECUTING"]
    moved = move_phases(keys, expect=expect, to=PhaseState.QUEUED, why=WHY, lease=lease)
    return [each.phase for each in moved]


def test_only_what_is_as_expected_moves() -> None:
    failed, done = PhaseFactory(), PhaseFactory(state="COMPLETE")
    assert queue(failed, done) == [failed.pk]
    done.refresh_from_db()
    assert done.state == "COMPLETE"


def test_a_leased_phase_is_moved_by_nobody_but_its_attempt() -> None:
    mine = uuid4()
    phase = PhaseFactory(state="EXECUTING", lease_owner=mine)
    for lease in (None, uuid4()):
        assert move_phases(
            [phase.pk], expect=["EXECUTING"], to=PhaseState.GATE, why=WHY, lease=lease
        ) == []  # fmt: skip
    assert move_phases([phase.pk], expect=["EXECUTING"], to=PhaseState.GATE, why=WHY, lease=mine)


def test_what_is_there_already_has_not_moved() -> None:
    phase = PhaseFactory()
    assert move_phases([phase.pk], expect=["FAILED"], to=PhaseState.FAILED, why=WHY) == []
    assert not Transition.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_that_move_a_phase_at_once_one_does() -> None:
    phase = PhaseFactory()
    with held_up(lambda: queue(phase)) as second:
        assert queue(phase) == [phase.pk]
    assert second() == []
    assert Transition.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_move_a_session_at_once_one_does() -> None:
    session = SessionFactory(state="running", ended_at=None).pk

    def pause() -> bool:
        why = MoveReason("pause", "ada", session=session)
        return move_session(session, expect=["running"], to=SessionState.PAUSED, why=why)

    def paused() -> bool:
        with transaction.atomic():
            return pause()

    with held_up(paused) as second:
        assert pause()
    assert not second()
    assert Transition.objects.count() == 1
