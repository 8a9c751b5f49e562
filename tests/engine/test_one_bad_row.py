"""A drain, job or host's file that makes no sense stops nobody else: loop, rescue and host go on."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, connection
from django.utils import timezone

from drain.engine import served
from drain.engine.attempts.context import HostContext
from drain.engine.executions.pool import Pool
from drain.engine.loop import Loop, LoopEnd
from drain.engine.served import ServedSessions
from drain.engine.sessions import closing, opening
from drain.engine.sessions.closing import end_session
from drain.engine.sessions.opening import LOCK_SPACE, open_session
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, Candidate, Dependency, DrainSession, Phase
from drain.models.vocabulary import SessionState
from drain.policy.states import Outcome
from drain.policy.stopping.limits import LimitError
from tests.engine.attempts.hand_drain import PAST, HandDrain, failed_run
from tests.engine.attempts.meetings import elsewhere
from tests.engine.conftest import Backlog
from tests.engine.executions.played import HandPool
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
        pytest.param({"scope": {"run_ids": 5}}, marks=pytest.mark.verify),
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


@pytest.mark.django_db
@pytest.mark.parametrize("opened_here", [True, False])
def test_a_loop_looks_again_at_once_only_for_a_drain_that_it_opened_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened_here: bool
) -> None:
    ExecutorFactory()
    failed_run("a")
    HandDrain()
    DrainSession.objects.update(state="planned")
    monkeypatch.setattr(served, "open_session", lambda *_: opened_here)
    pool = HandPool()
    try:
        sessions = ServedSessions(None, HostContext(environ={}, worker="w", folder=tmp_path), pool)
        sessions.look([], ending=False)
        pool.work()
        assert (sessions.looked_at == 0.0) is opened_here
    finally:
        pool.close()


@pytest.mark.django_db(transaction=True)
def test_who_finds_another_at_it_says_so(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 1)
    session, host = for_workers(backlog, "r"), HostContext()
    host.refresh()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, session.pk])
        try:
            assert elsewhere(lambda: open_session(session.pk, host)) is False
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, session.pk])
    assert open_session(session.pk, host)
    assert state_of(session) == "running"


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


def test_a_drain_that_is_set_aside_is_claimed_of_no_more_before_the_next_look(
    tmp_path: Path,
) -> None:
    pool = Pool()
    try:
        sessions = ServedSessions(None, HostContext(environ={}, worker="w", folder=tmp_path), pool)
        sessions.running, sessions.hungry = [1, 2, 3], [1, 2]
        sessions.set_aside(1, ValueError("x"))
        assert (sessions.running, sessions.hungry) == ([2, 3], [2])
    finally:
        pool.close()


@pytest.mark.django_db
def test_no_drain_is_set_aside_because_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ExecutorFactory()
    failed_run("a")
    drain = HandDrain()
    drain.session.session_runs.update(waiting=0)
    asked: list[int] = []

    def away(session: int, _: str) -> bool:
        asked.append(session)
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(served, "close_if_over", away)
    pool = Pool()
    try:
        sessions = ServedSessions(None, HostContext(environ={}, worker="w", folder=tmp_path), pool)
        for _ in range(2):
            with pytest.raises(InterfaceError):
                sessions.look([], ending=False)
    finally:
        pool.close()
    assert asked == [drain.session.pk] * 2
