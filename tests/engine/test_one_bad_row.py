"""A drain, a job or a host's file that makes no sense stops nobody else: the loop, the rescue and the host go on."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine import served
from drain.engine.attempts.identify import identify
from drain.engine.attempts.started import EndedAttempt
from drain.engine.loop import Loop, LoopEnd
from drain.engine.sessions import closing, opening
from drain.engine.sessions.closing import end_session
from drain.engine.sessions.opening import LOCK_SPACE, open_session
from drain.engine.sessions.scope import SessionScope
from drain.engine.workers.timing import IDLE_SECONDS
from drain.models import Attempt, Candidate, Dependency, DrainSession, Phase
from drain.models.vocabulary import SessionState
from drain.policy.states import Outcome
from drain.policy.stopping.limits import LimitError
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import PAST, HandDrain, failed_run
from tests.engine.attempts.meetings import elsewhere
from tests.engine.attempts.test_rounds import opened
from tests.engine.conftest import Backlog
from tests.factories import ExecutorFactory

MARK = 'echo "$DRAIN_RUN_ID" >> "$OUT/marks"'


def for_workers(backlog: Backlog, run: str, **changes: Any) -> DrainSession:
    """A drain of one run that workers have."""
    session = backlog.session(scope=SessionScope(run_ids=(run,)))
    DrainSession.objects.filter(pk=session.pk).update(inline=False, **changes)
    session.refresh_from_db()
    return session


def state_of(session: DrainSession) -> str:
    return DrainSession.objects.get(pk=session.pk).state


def drain_until(ended: DrainSession) -> None:
    """A loop of workers, until this drain is over; or for a minute."""
    until = time.monotonic() + 60
    loop = Loop(2, interrupted=lambda: state_of(ended) == "finished" or time.monotonic() > until)
    assert loop.run() in (LoopEnd.INTERRUPTED, LoopEnd.DONE)
    assert state_of(ended) == "finished"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": {"queued_policy": "none"}},
        {"scope": {"run_ids": 5}},
    ],
)
def test_a_drain_whose_row_makes_no_sense_stops_no_other_and_goes_on_once_it_is_mended(
    backlog: Backlog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
) -> None:
    backlog.executor(MARK)
    for run in ("bad", "good"):
        backlog.run(run, 2)
    bad, good = for_workers(backlog, "bad"), for_workers(backlog, "good")
    DrainSession.objects.filter(pk=bad.pk).update(**wrong)
    drain_until(good)
    assert backlog.marks() == ["good", "good"]
    assert f"drain {bad.pk} is left alone" in caplog.text
    assert caplog.text.count("is left alone") == 1, "it is not tried again at every look"
    monkeypatch.setattr(served, "ASIDE_SECONDS", 0.1)
    DrainSession.objects.filter(pk=bad.pk).update(limits=bad.limits, scope=bad.scope)
    drain_until(bad)
    assert backlog.marks() == ["good", "good", "bad", "bad"]


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_cannot_be_closed_stops_no_other(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("empty", 1)
    backlog.run("good", 2)
    bad, good = for_workers(backlog, "empty", state="running"), for_workers(backlog, "good")
    Phase.objects.filter(run__run_id="empty").delete()
    DrainSession.objects.filter(pk=bad.pk).update(scope={"run_ids": 5}, started_at=timezone.now())
    drain_until(good)
    assert backlog.marks() == ["good", "good"]
    assert state_of(bad) == "running"


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_cannot_be_opened_stops_no_other_and_is_tried_again_after_a_while(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backlog.executor(MARK, preflight="true")
    for run in ("bad", "good"):
        backlog.run(run, 1)
    bad, good = for_workers(backlog, "bad"), for_workers(backlog, "good")
    tried: list[int] = []
    preflight = opening._preflight

    def breaks(session: int, host: Any) -> None:
        if session == bad.pk:
            tried.append(session)
            raise ValueError("a plan that makes no sense")
        preflight(session, host)

    monkeypatch.setattr(opening, "_preflight", breaks)
    drain_until(good)
    assert (backlog.marks(), len(tried)) == (["good"], 1)
    assert "a plan that makes no sense" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_who_drains_only_what_makes_no_sense_is_told_so(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 1)
    session = backlog.session()
    DrainSession.objects.update(limits={"queued_policy": "none"})
    with pytest.raises(LimitError):
        backlog.drain(session)


@pytest.mark.django_db(transaction=True)
def test_a_loop_asks_no_more_often_while_another_opens_its_drain(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog.executor(MARK)
    backlog.run("r", 1)
    session = for_workers(backlog, "r")
    tried: list[bool] = []

    def counted(*given: Any) -> bool:
        tried.append(open_session(*given))
        return tried[-1]

    monkeypatch.setattr(served, "open_session", counted)
    began = time.monotonic()

    def drained() -> LoopEnd:
        return Loop(1, interrupted=lambda: time.monotonic() - began > 1.5).run()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, session.pk])
        try:
            assert elsewhere(drained) is LoopEnd.INTERRUPTED
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, session.pk])
    assert set(tried) == {False}
    assert len(tried) <= 2 + (time.monotonic() - began) / IDLE_SECONDS


@pytest.mark.django_db
def test_a_check_that_makes_no_sense_keeps_no_drain_from_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ExecutorFactory()
    failed_run("a")
    drain = HandDrain()

    def breaks(*_: object) -> None:
        raise ValueError("a check nobody foresaw")

    monkeypatch.setattr(closing, "run_checks", breaks)
    assert end_session(drain.session.pk, SessionState.FINISHED, "w")
    assert "a check nobody foresaw" in caplog.text
    drain.session.refresh_from_db()
    assert drain.session.state == "finished"


@pytest.mark.django_db
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


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_a_drain_that_is_months_old_puts_phases_back_like_any_other() -> None:
    ExecutorFactory()
    failed_run("a", 2)
    drain = HandDrain(max_attempts_per_phase=3)
    first, second = Phase.objects.order_by("phase_index")
    Dependency.objects.create(phase=first, prerequisite=second)
    old = timezone.now() - timedelta(days=400)
    DrainSession.objects.update(created_at=old)
    begun = drain.start()
    assert [each.phase_id for each in begun] == ["a1"]
    drain.end(begun, Outcome.RETRYABLE)
    assert Attempt.objects.get().outcome == "retryable"
    Dependency.objects.all().delete()
    Candidate.objects.update(not_before=PAST)
    drain.session.session_runs.update(not_before=PAST)
    assert sorted(drain.names()) == ["a0", "a1"]
