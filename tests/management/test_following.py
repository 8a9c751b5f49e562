"""A drain in the foreground lives through what its database and its workers live through, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from drain.engine.sessions.verbs import cancel_session
from drain.engine.workers.hosts import register_host
from drain.management import draining, following, patience
from drain.management.patience import Patience
from drain.models import DrainSession, Fingerprint, WorkerHost
from tests.engine.conftest import SOMEBODY, Backlog
from tests.hosts import Host, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backlog(tmp_path: Path, transactional_db: None) -> Backlog:
    made = Backlog(tmp_path)
    made.executor("true")
    made.run("r", 1)
    return made


def away(times: int) -> Callable[[], str]:
    """Ask something that is not answered so many times."""
    left = iter(range(times))

    def ask() -> str:
        if next(left, None) is not None:
            raise OperationalError("server closed the connection\nunexpectedly")
        return "answer"

    return ask


# What the command asks between its plan and its first look is not waited for yet:
# now and then the cut hits that.
@pytest.mark.verify
@pytest.mark.serial
def test_a_drain_in_the_foreground_goes_on_after_a_hiccup_and_says_when_its_workers_are_gone(
    backlog: Backlog, tmp_path: Path
) -> None:
    host = register_host(1, ["script"])
    drain = Host("drain", folder=tmp_path / "data")
    try:
        until(lambda: DrainSession.objects.filter(state="planned").exists(), 60, drain)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        until(lambda: "The database is back." in drain.output, 60, drain)
        assert "The database does not answer (" in drain.output
        WorkerHost.objects.filter(pk=host).update(last_seen="2026-01-01T00:00Z")
        until(lambda: "No worker is alive any more" in drain.output, 60, drain)
        register_host(1, ["script"])
        until(lambda: "Workers are back." in drain.output, 60, drain)
        cancel_session(DrainSession.objects.get().pk, SOMEBODY)
        assert drain.ended() == 5
    finally:
        drain.clear()


def test_after_a_minute_without_an_answer_it_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(CommandError, match=r"session watch 7.*drain --resume 7") as ended:
        Patience(7, said.append)(away(10**9))
    assert ended.value.returncode == 5
    assert said == ["The database does not answer (server closed the connection); waiting for it."]


def test_a_short_absence_costs_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0.0)
    assert Patience(7, said.append)(away(3)) == "answer"
    assert len(said) == 2


def test_a_mistake_is_no_absence() -> None:
    def ask() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the very one
        Patience(7, print)(ask)


def test_an_inline_drain_that_gives_up_names_the_way_back(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = backlog.session()

    def gone(*_: object) -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(draining, "drain_inline", gone)
    with pytest.raises(CommandError, match=f"--resume {session.pk} --inline") as ended:
        draining.run_session(session, SOMEBODY, inline=True, detach=False)
    assert ended.value.returncode == 5


def test_where_no_bar_can_be_drawn_a_long_drain_says_how_far_it_is(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "LINE_SECONDS", 0.0)
    session = backlog.session()
    looked = iter(range(3))
    following.follow(session.pk, lambda: next(looked, None) is None)
    assert f"Drain {session.pk}: 0 of 1 phase, planned: 0 complete" in capsys.readouterr().err


def test_after_a_drain_without_workers_what_is_said_of_fingerprints_is_of_now(
    tmp_path: Path, transactional_db: None
) -> None:
    made = Backlog(tmp_path)
    made.executor("echo 'ValueError: odd' >&2; exit 1")
    made.run("r", 1)
    first = made.session()
    draining.run_session(first, SOMEBODY, inline=True, detach=False)
    key = first.attempt_set.get().fingerprint
    Fingerprint.objects.filter(key=key).update(first_seen="2026-01-01T00:00Z")
    made.run("s", 1)
    draining.run_session(made.session(), SOMEBODY, inline=True, detach=False)
    assert Fingerprint.objects.get(key=key).status == "ongoing"
