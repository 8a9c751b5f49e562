"""The order of a plan is that of its positions, wherever the rows lie and however the database finds them."""

from __future__ import annotations

import pytest
from django.db import connection

from drain.models import Candidate, SessionRun
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


def placed(*names: str) -> HandDrain:
    """A drain with this order of phases, whose rows lie the other way round and are found by no index."""
    drain = HandDrain()
    for position, name in reversed(list(enumerate(names, 1))):
        Candidate.objects.filter(phase__phase_id=name).update(position=position)
    for run in SessionRun.objects.all():
        first = run.candidates.earliest("position")
        SessionRun.objects.filter(pk=run.pk).update(head_position=first.position)
    with connection.cursor() as cursor:
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return drain


def test_a_run_starts_the_first_of_its_phases() -> None:
    ExecutorFactory()
    failed_run("a", 5, most=2)
    assert placed("a3", "a1", "a4", "a0", "a2").names() == ["a3", "a1"]


def test_runs_take_turns_as_their_phases_do_in_the_plan() -> None:
    ExecutorFactory()
    failed_run("a", 3)
    failed_run("b", 3)
    drain = placed("a0", "b0", "b1", "a1", "b2", "a2")
    assert [drain.names(3), drain.names(3)] == [["a0", "b0", "b1"], ["a1", "b2", "a2"]]


def test_the_head_of_a_run_is_the_first_that_waits() -> None:
    ExecutorFactory()
    failed_run("a", 4, most=1)
    drain = placed("a2", "a0", "a3", "a1")
    for position in (2, 3):
        drain.end(drain.start(1), Outcome.COMPLETE)
        assert SessionRun.objects.get().head_position == position


def test_the_head_of_a_run_is_again_the_one_that_was_put_back() -> None:
    ExecutorFactory()
    failed_run("a", 4, most=1)
    drain = placed("a2", "a0", "a3", "a1")
    drain.end(drain.start(1), Outcome.INTERRUPTED)
    assert SessionRun.objects.get().head_position == 1
