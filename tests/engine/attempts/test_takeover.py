"""Attempts that a loop takes over: each condition, alone, leaves one to another loop;
of two that come at once one does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now

from drain.engine.attempts import takeover
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import starts_that_stand
from drain.engine.attempts.started import StartedAttempt
from drain.engine.attempts.takeover import take_over
from drain.engine.executions.pool import Pool
from drain.engine.executions.remote.execution import RemoteExecution
from drain.engine.executions.remote.job import prepare
from drain.engine.process.errors import ChildError
from drain.engine.workers.loops import add_loop
from drain.models import Attempt, ExecutorProfile, Phase, Transition
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.meetings import elsewhere
from tests.factories import AttemptFactory, ExecutorFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor(monkeypatch: pytest.MonkeyPatch) -> ExecutorProfile:
    """The one executor of this host; what is taken over is told by its row."""
    monkeypatch.setattr(takeover, "_taken", lambda host, found: found)
    return ExecutorFactory()


def job(**changes: Any) -> Attempt:
    """An open attempt that runs as a job of a service, and whose loop is gone."""
    lease = uuid4()
    leased = changes.pop("leased", lease)
    values = {
        "remote": {"executor": ExecutorProfile.objects.get(is_default=True).pk}, "outcome": None, "finished_at": None,
        "loop": uuid4(), "lease": lease, "session": SessionFactory(), **changes,
    }  # fmt: skip
    phase = PhaseFactory(state="EXECUTING" if leased else "FAILED", lease_owner=leased)
    made: Attempt = AttemptFactory(phase=phase, **values)
    return made


def taken(loop: UUID | None = None, session: int | None = None, mine: Any = ()) -> list[Any]:
    host = HostContext(environ={}, worker="h/1/w")
    host.refresh()
    return [each["attempt"] for each in take_over(host, loop or uuid4(), session, mine)]  # type: ignore[index]


def test_a_job_whose_loop_is_gone_is_taken_over_once() -> None:
    left, (loop, _) = job(), add_loop("w", None, None, 1)
    assert taken(loop) == [left.pk]
    assert taken() == []
    left.refresh_from_db()
    assert (left.loop, left.worker) == (loop, "h/1/w")


@pytest.mark.parametrize(
    "changes",
    [
        {"leased": None},
        {"leased": uuid4()},
        {"outcome": "lost", "finished_at": "2026-01-01T00:00Z"},
        {"remote": None},
    ],
)
def test_what_is_no_job_or_over_is_left_alone(
    changes: dict[str, Any],
) -> None:
    job(**changes)
    assert taken() == []


def test_a_job_whose_executor_other_hosts_have_is_left_to_them() -> None:
    elsewhere = ExecutorFactory(is_default=False, argv=["/nowhere/at/all"])
    job(remote={"executor": elsewhere.pk})
    assert taken() == []


def test_a_job_whose_loop_is_there_is_its_own() -> None:
    job(loop=add_loop("w", None, None, 1)[0])
    assert taken() == []


def test_a_process_that_drains_one_session_takes_nothing_of_another() -> None:
    mine, other = SessionFactory(), SessionFactory()
    left = job(session=mine)
    assert taken(session=other.pk) == []
    assert taken(session=mine.pk) == [left.pk]


def test_what_was_taken_without_hearing_so_is_taken_again_and_what_runs_here_is_not() -> None:
    loop, _ = add_loop("w", None, None, 1)
    heard, unheard = job(loop=loop), job(loop=loop)
    assert taken(loop, mine=[heard.lease]) == [unheard.pk]


def test_only_states_that_this_attempt_has_reported_are_not_reported_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = job()
    for attempt, verb in ((left.pk, "report"), (left.pk, "start"), (left.pk - 1, "report")):
        Transition.objects.create(
            subject="phase",
            subject_pk=left.phase_id,
            attempt_pk=attempt,
            to_state="GATE",
            verb=verb,
        )
    monkeypatch.setattr(takeover, "_taken", lambda host, found: {"attempt": found["states"]})
    assert taken() == [1]


@pytest.mark.django_db(transaction=True)
def test_of_two_loops_that_come_at_once_one_takes_a_job_and_the_other_does_not_wait() -> None:
    left = job()
    with transaction.atomic():
        assert taken() == [left.pk]
        assert elsewhere(taken) == []


def test_after_an_answer_that_was_lost_only_what_is_in_the_books_and_open_has_started() -> None:
    failed_run("a", 3)
    drain = HandDrain()
    begun = drain.start()
    drain.end(begun[:1], Outcome.COMPLETE)
    Attempt.objects.filter(pk=begun[1].attempt).update(lease=uuid4())
    assert starts_that_stand(begun) == begun[2:]
    Phase.objects.filter(phase_id="a2").delete()
    assert starts_that_stand(begun) == []


@pytest.mark.parametrize("named", [0, "x", [1], {"a": 1}, None, True, 1.5])
def test_a_job_whose_executor_is_gone_is_anybody_s(named: Any) -> None:
    left, other = job(remote={"executor": named}), job()
    assert taken() == [left.pk, other.pk]


def taken_one(folder: Path) -> tuple[StartedAttempt, HostContext]:
    """Return the attempt that a loop without secrets takes over, and its host."""
    host = HostContext(environ={}, worker="h/1/w", folder=folder)
    host.refresh()
    (started,) = take_over(host, uuid4(), None, ())
    return started, host


def test_of_a_job_whose_executor_is_gone_only_its_service_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, executor: ExecutorProfile
) -> None:
    monkeypatch.undo()
    for kind in ("http", "ray"):
        for named in (executor.pk, 0):
            job(remote={"executor": named, "kind": kind, "url": "http://s/", "accepted": False})
            left = prepare(*taken_one(tmp_path))
            assert (left.can_be_started, bool(left.request.argv)) == (named != 0, named != 0)
            assert (left.may_be_there, left.accepted) == (True, False)
            Attempt.objects.update(loop=None, finished_at=Now(), outcome="lost")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "of kind  needs"),
        ({"kind": "http"}, "needs --url"),
        ({"kind": "http", "url": "http://["}, "is no address"),
        ({"kind": "http", "url": 7}, "takes an address"),
        ({"kind": "slurm", "url": "http://s/"}, "'slurm' is no kind of executor"),
        ({"kind": "http", "url": "http://s/", "headers": ["A"]}, ""),
        ({"kind": "http", "url": "http://s/", "headers": {"A": "TOKEN"}}, "has no TOKEN"),
        ({"accepted": "maybe"}, "needs --url"),
        (7, "needs --url"),
        ([1], "needs --url"),
    ],
)
def test_a_job_whose_service_cannot_be_read_ends_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: Any, why: str
) -> None:
    monkeypatch.undo()
    known = {"executor": ExecutorProfile.objects.get().pk}
    job(remote=known | changes if isinstance(changes, dict) else changes)
    started, host = taken_one(tmp_path)
    pool = Pool()
    try:
        execution = RemoteExecution(started, host, pool)
        execution.start()
        found = execution.result()
        if not why:
            assert found is None
            return
        assert found is not None
        assert found.decision.outcome is Outcome.FAILED
        assert "look there before it runs again" in found.decision.reason
        assert why in found.decision.reason
    finally:
        pool.close()


def test_a_job_that_its_service_was_never_given_is_not_to_be_looked_for_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, executor: ExecutorProfile
) -> None:
    monkeypatch.undo()
    service = {"kind": "http", "url": "http://s/", "headers": {"A": "TOKEN"}}
    job(remote={"executor": executor.pk, **service})
    started, host = taken_one(tmp_path)
    with pytest.raises(ChildError, match="has no TOKEN") as refused:
        prepare(replace(started, taken_over=None), host)
    assert "look there" not in str(refused.value)
