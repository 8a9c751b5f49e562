"""A round of which a part makes no sense: that part alone is not written."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from django.db import InterfaceError

from drain.engine.attempts.identify import identify
from drain.engine.attempts.round import Rounds
from drain.engine.attempts.started import EndedAttempt
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, DrainSession
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
    DrainSession.objects.filter(pk=keys[1]).update(limits={"nothing": 1})
    write = Rounds.write

    def cut(self: Rounds, ends: Any, free: int, claimable: Any) -> int:
        if claimable == [keys[2]]:
            raise InterfaceError("the connection is closed")
        return write(self, ends, free, claimable)

    monkeypatch.setattr(Rounds, "write", cut)
    rounds = sessions[0].rounds
    with pytest.raises(InterfaceError):
        rounds.write_by_parts([], 9, keys)
    assert [each.phase_id for each in rounds.begun] == ["a0"]
