"""One loop with many children: fair to all sessions, exact about time, and still there after an outage."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from drain.engine.attempts import round as round_module
from drain.engine.loop import Loop, LoopEnd
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.engine.workers import loops, wakeups
from drain.models import Attempt, DrainSession, Transition, WorkerHost, WorkerLoop
from tests.engine.conftest import Backlog

pytestmark = pytest.mark.django_db(transaction=True)
MARK = 'echo "$DRAIN_RUN_ID" >> "$OUT/marks"'


def for_workers(*sessions: DrainSession) -> None:
    pks = [session.pk for session in sessions]
    DrainSession.objects.filter(pk__in=pks).update(inline=False)


def test_a_loop_serves_all_sessions_at_once_and_ends_when_none_is_left(backlog: Backlog) -> None:
    backlog.executor(f"{MARK}; sleep 0.5")
    for name in ("a", "b"):
        backlog.run(name, 3)
    for_workers(*(backlog.session(scope=SessionScope(run_ids=(name,))) for name in ("a", "b")))
    assert Loop(2).run() is LoopEnd.DONE
    assert set(DrainSession.objects.values_list("state", flat=True)) == {"finished"}
    assert set(backlog.marks()[:2]) == {"a", "b"}
    assert not WorkerLoop.objects.exists()


def test_each_state_that_a_phase_reports_is_in_its_history_however_short(backlog: Backlog) -> None:
    report = "".join(
        f"""echo '{{"event":"state","state":"{state}"}}' >> "$DRAIN_REPORT"; """
        for state in ("gate", "ci_running", "gate")
    )
    backlog.executor(report)
    backlog.run("r", 1)
    backlog.drain()
    moves = Transition.objects.filter(subject="phase").order_by("pk")
    assert list(moves.values_list("from_state", "to_state")) == [
        ("FAILED", "EXECUTING"),
        ("EXECUTING", "GATE"),
        ("GATE", "CI_RUNNING"),
        ("CI_RUNNING", "GATE"),
        ("GATE", "COMPLETE"),
    ]


@pytest.mark.parametrize(("phases", "ends"), [(1, "finished"), (2, "stopped")])
def test_a_time_that_passes_while_the_last_phase_runs_stops_nothing(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, phases: int, ends: str
) -> None:
    backlog.executor('touch "$OUT/started"; sleep 0.2')
    backlog.run("r", phases)
    session = backlog.session(until=timezone.now() + timedelta(minutes=30))

    class Clock:
        """An hour passes as soon as the first phase runs."""

        @staticmethod
        def now() -> datetime:
            passed = (backlog.folder / "started").exists()
            return timezone.now() + timedelta(hours=passed)

    monkeypatch.setattr(round_module, "timezone", Clock)
    backlog.drain(session)
    assert (session.state, session_counts(session.pk)["complete"]) == (ends, 1)


def test_a_lease_is_renewed_whatever_the_loop_does_and_its_loss_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "RENEW_EVERY", 0.05)
    loop, slots = loops.add_loop("w", None, None, 3)
    assert slots == 3
    told = threading.Event()
    before = WorkerLoop.objects.get(pk=loop).expires_at
    renewal = loops.Renewal(loop, told.set)
    renewal.start()
    deadline = time.monotonic() + 30
    while WorkerLoop.objects.get(pk=loop).expires_at == before:
        assert time.monotonic() < deadline, "nothing renewed it"
        time.sleep(0.02)
    assert [renewal.lost] == [False]
    WorkerLoop.objects.filter(pk=loop).delete()
    assert told.wait(10), "its lease would be over by itself soon"
    assert [renewal.lost] == [True]
    renewal.stop()


def test_loops_of_a_host_share_its_slots_exactly() -> None:
    host = WorkerHost.objects.create(host="h", pid=1, version="1", workers=3, slots=8)
    got = [loops.add_loop("w", host.pk, None, 3)[1] for _ in range(4)]
    assert got == [3, 3, 2, 0]


def test_idle_workers_are_woken_and_busy_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def send(task: str, **_: object) -> bool:
        sent.append(task)
        return True

    monkeypatch.setattr(wakeups, "send", send)
    host = WorkerHost.objects.create(host="h", pid=1, version="1", workers=3, slots=9)
    assert wakeups.wake(fresh=True) == 0, "nothing is to be drained"
    DrainSession.objects.create(state="running", started_by="x", origin="command", started_at=Now())
    loops.add_loop("w", host.pk, None, 3)
    assert wakeups.wake(fresh=True) == 2 + wakeups.PREFETCHED
    assert wakeups.wake() == 0, "those that were sent may still be answered"
    for _ in range(2):
        loops.add_loop("w", host.pk, None, 3)
    assert wakeups.wake(fresh=True) == 0
    assert set(sent) == {wakeups.DRAIN_TASK}


class Outage:
    """The database reads only, and every connection to it is cut, until it is over."""

    def __init__(self) -> None:
        connection.ensure_connection()
        info = connection.connection.info
        self._name = info.dbname
        self._admin = psycopg.connect(
            host=info.host, port=info.port, user=info.user, password=info.password,
            dbname="postgres", autocommit=True,
        )  # fmt: skip

    def begin(self) -> None:
        name = psycopg.sql.Identifier(self._name)
        statement = psycopg.sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        self._admin.execute(statement.format(name))
        self._cut()

    def end(self) -> None:
        name = psycopg.sql.Identifier(self._name)
        statement = psycopg.sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only")
        self._admin.execute(statement.format(name))
        self._cut()

    def close(self) -> None:
        self._admin.close()

    def _cut(self) -> None:
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [self._name],
        )


def until_there(path: Path) -> None:
    deadline = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def test_a_result_that_was_known_when_the_database_went_away_is_written_when_it_is_back(
    backlog: Backlog,
) -> None:
    backlog.executor('touch "$OUT/started$1"; while [ ! -e "$OUT/away" ]; do sleep 0.05; done; touch "$OUT/ended$1"')  # fmt: skip
    backlog.run("r", 2, max_parallel=2)
    session = backlog.session(parallel=2, max_attempts_per_phase=1)
    DrainSession.objects.update(limits={**session.limits})
    outage = Outage()

    def act() -> None:
        until_there(backlog.folder / "started0")
        outage.begin()
        (backlog.folder / "away").touch()
        until_there(backlog.folder / "ended0")
        time.sleep(1)
        outage.end()

    actor = threading.Thread(target=act)
    actor.start()
    try:
        backlog.drain(session)
    finally:
        actor.join()
        outage.close()
    found = list(Attempt.objects.values_list("outcome", "exit_code"))
    assert found == [("complete", 0)] * 2
    assert session.state == "finished"


def test_a_loop_whose_row_is_taken_away_ends_its_children(backlog: Backlog) -> None:
    backlog.executor('touch "$OUT/started"; sleep 60')
    backlog.run("r", 1)
    for_workers(backlog.session(max_attempts_per_phase=1))
    loop = Loop(1)

    def act() -> None:
        until_there(backlog.folder / "started")
        loop._renewal._gone = True
        loop._pool.wake()

    actor = threading.Thread(target=act)
    actor.start()
    began = time.monotonic()
    assert loop.run() is LoopEnd.LOST
    actor.join()
    assert time.monotonic() - began < 45
    assert Attempt.objects.get().outcome == "lost"
