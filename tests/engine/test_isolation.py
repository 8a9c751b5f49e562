"""One row that makes no sense takes out neither a host nor the rows beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from drain.engine import maintenance
from drain.engine.isolation import isolated
from drain.engine.process.profile import Profile, check
from drain.engine.rescue import rescue
from drain.engine.workers.identity import profiles_here
from drain.models import DrainSession, ExecutorProfile, Phase
from drain.models.vocabulary import PhaseState
from tests.factories import AttemptFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def unprivileged() -> Iterator[None]:
    """As an ordinary user, to whom folders can be closed."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def make(name: str, **values: Any) -> ExecutorProfile:
    return ExecutorProfile.objects.create(**{"name": name, "argv": ["true"], **values})


@pytest.mark.parametrize(
    "values",
    [
        {"cwd": "/" + "x" * 5000},
        {"cwd": "/tmp/" + "x" * 300},
        {"argv": ["/tmp/" + "x" * 300]},
        {"argv": [17]},
        {"argv": 17},
        {"env": {"A": 17}},
        {"env": ["A"]},
        {"env_from": 17},
        {"env_from": [17]},
        {"os_user": "u" * 99},
    ],
    ids=str,
)
def test_a_profile_that_makes_no_sense_is_a_sentence_and_the_others_are_offered(
    values: dict[str, Any],
) -> None:
    make("bad", **values)
    good = make("good")
    able, problems = profiles_here()
    assert list(able) == [good.pk]
    assert problems["bad"]
    assert all(sentence.endswith(".") for sentence in problems["bad"])


@pytest.mark.parametrize("what", ["cwd", "argv"])
def test_a_closed_folder_is_a_problem_and_not_the_end_of_the_host(
    what: str, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    closed.chmod(0o000)
    given = {"argv": ("true",)} | (
        {"cwd": str(closed / "in")} if what == "cwd" else {"argv": (str(closed / "run"),)}
    )
    try:
        with unprivileged():
            problems = check(Profile("p", **given))
    finally:
        closed.chmod(0o700)
    assert [problem for problem in problems if problem.endswith("Permission denied.")]


def test_a_step_of_maintenance_that_breaks_does_not_stop_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folded = []

    def breaks(*_: object) -> None:
        raise ValueError("a row nobody foresaw")

    monkeypatch.setattr(maintenance, "rescue", breaks)
    monkeypatch.setattr(maintenance, "fold", lambda: folded.append(True))
    maintenance.tend()
    assert folded == [True]
    assert "a row nobody foresaw" in caplog.text


def lost_attempt(session: DrainSession) -> Phase:
    lease, long_ago = uuid4(), timezone.now() - timedelta(hours=1)
    phase = PhaseFactory(state=PhaseState.EXECUTING, attempts=1, lease_owner=lease)
    AttemptFactory(
        phase=phase, number=1, session=session, lease=lease, worker="h/1/" + "a" * 32,
        outcome=None, started_at=long_ago, finished_at=None,
    )  # fmt: skip
    return phase


def test_attempts_of_a_drain_whose_rules_cannot_be_read_are_rescued_like_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = SessionFactory(state="running", ended_at=None, limits={"queued_policy": "none"})
    phases = [lost_attempt(bad), lost_attempt(SessionFactory(state="running", ended_at=None))]
    assert rescue().attempts == 2
    for phase in phases:
        phase.refresh_from_db()
    assert [phase.state for phase in phases] == ["FAILED", "FAILED"]
    assert f"no rule of drain {bad.pk} judges attempt" in caplog.text


def test_a_database_that_is_away_ends_the_round_at_once() -> None:
    ran = []

    def steps() -> None:
        for step in range(2):
            with isolated("a step"), connection.cursor() as cursor:
                ran.append(step)
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        steps()
    connection.close()
    assert ran == [0]
