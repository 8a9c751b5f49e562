"""A drain that no host can go on with says so at once, and does not wait for ever."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone

from drain.engine.rescue import rescue
from drain.engine.sessions.results import session_counts
from drain.engine.workers.capability import without_host
from drain.engine.workers.hosts import beat_host, register_host
from drain.models import DrainSession, ExecutorProfile, Run, WorkerHost
from tests.engine.conftest import Backlog

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = ["/nowhere/command"]


def session_for_workers(backlog: Backlog, **limits: Any) -> DrainSession:
    session = backlog.session(**limits)
    DrainSession.objects.filter(pk=session.pk).update(
        inline=False, state="running", started_at=Now()
    )
    session.refresh_from_db()
    return session


def test_the_command_line_says_so_at_once(
    backlog: Backlog, capsys: pytest.CaptureFixture[str]
) -> None:
    backlog.executor("true", argv=NOWHERE)
    backlog.run("r", 1)
    register_host(1, ["other"])
    call_command("drain", "--detach", stdout=StringIO())
    assert "No host can run the executor script: " in capsys.readouterr().err


def test_an_executor_that_no_host_had_the_time_to_look_at_is_not_given_up(
    backlog: Backlog,
) -> None:
    host = register_host(1, ["other"])
    backlog.executor("true")
    backlog.run("r", 1)
    session = session_for_workers(backlog)
    assert without_host(session.pk) is None
    WorkerHost.objects.filter(pk=host).update(started_at=timezone.now() - timedelta(minutes=2))
    ExecutorProfile.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert without_host(session.pk) is not None


def test_after_its_time_it_is_interrupted_and_can_be_resumed(backlog: Backlog) -> None:
    backlog.executor("true", argv=NOWHERE)
    backlog.run("r", 1)
    session = session_for_workers(backlog, wait_for_host=60)
    assert rescue().sessions == 0
    DrainSession.objects.update(no_host_since=timezone.now() - timedelta(seconds=61))
    assert rescue().sessions == 1
    session.refresh_from_db()
    assert (session.state, session.stop_reason) == ("interrupted", "interrupted")
    assert "No host could run" in session.stop_card["sentence"]
    with pytest.raises(CommandError, match=f"drain --resume {session.pk}") as ended:
        call_command("session", "watch", str(session.pk), stdout=StringIO())
    assert ended.value.returncode == 5


def test_a_host_that_comes_in_time_lets_it_wait(backlog: Backlog) -> None:
    backlog.executor("true", argv=NOWHERE)
    backlog.run("r", 1)
    session = session_for_workers(backlog)
    rescue()
    host = register_host(1, [])
    beat_host(host, ["script"])
    DrainSession.objects.update(no_host_since=timezone.now() - timedelta(hours=1))
    assert rescue().sessions == 0
    session.refresh_from_db()
    assert (session.state, session.no_host_since) == ("running", None)


def test_phases_of_able_executors_go_first_and_then_it_gives_up(backlog: Backlog) -> None:
    backlog.executor("true")
    nowhere = ExecutorProfile.objects.create(name="nowhere", argv=NOWHERE)
    backlog.run("a", 2)
    backlog.run("b", 2)
    Run.objects.filter(run_id="a").update(executor=nowhere)
    session = backlog.session(wait_for_host=0)
    found = without_host(session.pk, ["script"])
    assert found is not None
    assert not found.all_of_them
    assert "The phases of other executors go on." in found.sentence
    backlog.drain(session)
    assert (session_counts(session.pk)["complete"], session.state) == (2, "interrupted")


def test_a_drain_that_is_refused_leaves_nothing_behind(backlog: Backlog) -> None:
    backlog.executor("true", argv=NOWHERE)
    backlog.run("r", 1)
    for command in (("drain", "--inline"), ("drain_phase", "r", "p0", "--inline")):
        with pytest.raises(CommandError, match="This host cannot run") as refused:
            call_command(*command, stdout=StringIO())
        assert refused.value.returncode == 1
    assert not DrainSession.objects.exists()
    paused = backlog.session()
    DrainSession.objects.update(state="paused", started_at=Now())
    with pytest.raises(CommandError, match="This host cannot run"):
        call_command("drain", "--inline", "--resume", str(paused.pk), stdout=StringIO())
    paused.refresh_from_db()
    assert paused.state == "paused"
