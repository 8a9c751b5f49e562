"""A round of which a part makes no sense: that part alone is not written."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import InterfaceError

from drain.engine.attempts import context
from drain.engine.attempts.claim import Claimer
from drain.engine.attempts.identify import identify
from drain.engine.attempts.round import Rounds
from drain.engine.attempts.started import EndedAttempt
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, DrainSession, Phase
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.test_rounds import opened
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


def test_of_eight_that_ended_with_one_that_cannot_be_judged_seven_are_written_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds, session = opened(8)
    begun = list(rounds.begun)

    def breaks(ends: list[EndedAttempt]) -> Any:
        if any(each.result.exit_code == 77 for each in ends):
            raise ValueError("a text that no pattern survives")
        return identify(ends)

    monkeypatch.setattr("drain.engine.attempts.finish.identify", breaks)
    ends = [EndedAttempt(each, result(Outcome.COMPLETE, 1, "")) for each in begun]
    ends[3] = replace(ends[3], result=replace(ends[3].result, exit_code=77))
    assert rounds.write_by_parts(ends, 0, [session.pk]) == 0
    assert Attempt.objects.filter(outcome="complete").count() == 7
    assert "a text that no pattern survives" in Attempt.objects.get(outcome="failed").error


def test_slots_that_a_drain_which_makes_no_sense_cannot_use_are_used_by_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    ExecutorFactory()
    for run in "abc":
        failed_run(run, 3)
    drains = [HandDrain(SessionScope(run_ids=(run,))) for run in "abc"]
    DrainSession.objects.filter(pk=drains[1].session.pk).update(limits={"nothing": 1})
    rounds = drains[0].rounds
    ended = drains[0].start(1)
    ends = [EndedAttempt(each, result(Outcome.COMPLETE, 1, "")) for each in ended]
    rounds.write_by_parts(ends, 4, [drain.session.pk for drain in drains])
    assert [each.phase_id for each in rounds.begun] == ["a1", "a2", "c0", "c1"]
    assert list(rounds.broken) == [drains[1].session.pk]
    assert Attempt.objects.filter(outcome="complete").count() == 1
    rounds.write_by_parts([], 1, [drains[2].session.pk])
    assert (len(rounds.begun), rounds.broken) == (1, {})


def test_what_was_started_before_the_database_went_away_is_known_to_whoever_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ExecutorFactory()
    for run in "abc":
        failed_run(run)
    sessions = [HandDrain(SessionScope(run_ids=(run,))) for run in "abc"]
    keys = [drain.session.pk for drain in sessions]
    write = Rounds.write

    def cut(self: Rounds, ends: Any, free: int, claimable: Any) -> int:
        if claimable == [keys[2]]:
            raise InterfaceError("the connection is closed")
        return write(self, ends, free, claimable)

    claim = Claimer.claim

    def breaks(self: Claimer, books: Any, *given: Any) -> Any:
        if books.session == keys[1]:
            raise ValueError("a plan that makes no sense")
        return claim(self, books, *given)

    monkeypatch.setattr(Rounds, "write", cut)
    monkeypatch.setattr(Claimer, "claim", breaks)
    rounds = sessions[0].rounds
    with pytest.raises(InterfaceError):
        rounds.write_by_parts([], 9, keys)
    assert [each.phase_id for each in rounds.begun] == ["a0"]


@pytest.mark.parametrize(
    "written", [Rounds.book, lambda rounds, ends: rounds.write_by_parts(ends, 9, ())]
)
def test_an_end_of_a_drain_whose_rules_cannot_be_read_is_booked_as_it_was(written: Any) -> None:
    ExecutorFactory()
    for run in "ab":
        failed_run(run)
    bad, good = (HandDrain(SessionScope(run_ids=(run,))) for run in "ab")
    begun = [*bad.start(), *good.start()]
    DrainSession.objects.filter(pk=bad.session.pk).update(limits={"nothing": 1})
    ends = [
        EndedAttempt(each, replace(result(Outcome.COMPLETE, 1, ""), exit_code=0)) for each in begun
    ]
    rounds = Rounds(bad.rounds.host, uuid4())
    assert written(rounds, ends) == 0
    assert list(rounds.broken) == [bad.session.pk]
    assert set(Attempt.objects.values_list("outcome", "exit_code")) == {("complete", 0)}
    assert set(Phase.objects.values_list("state", "lease_owner")) == {("COMPLETE", None)}
    good.session.refresh_from_db()
    assert (good.session.finishes, good.session.open_attempts) == (1, 0)


def test_no_rule_counts_as_unreadable_because_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ExecutorFactory()
    failed_run("a")
    drain = HandDrain()
    ends = [EndedAttempt(each, result(Outcome.COMPLETE, 1, "")) for each in drain.start()]
    rounds = Rounds(drain.rounds.host, uuid4())

    def away(_: int) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(context, "session_context", away)
    with pytest.raises(InterfaceError):
        rounds.book(ends)
    assert Attempt.objects.get().outcome is None
