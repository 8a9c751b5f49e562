"""Another executor works on the same Autopack database while drainsite drains it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.source.outbox import settle_debts
from drain.models import Attempt, SourceDebt
from drain.policy.stopping.limits import Limits, QueuedPolicy
from tests.engine.conftest import Backlog
from tests.engine.pipeline import Pipeline, now, ours

pytestmark = pytest.mark.django_db(transaction=True)
RUNS, PHASES = 4, 6
MODES = ("complete", "queued", "retry", "fail", "fail", "import", "crash", "exit_1", "hang")
DECK = (
    "take",
    "finish",
    "finish",
    "take",
    "finish",
    "queue",
    "give_up",
    "give_up",
    "take",
    "finish",
)
# Who writes is known by two marks: the other executor names itself in its transaction, and drainsite alone
# leaves `updated_at` as it is. The script, which is Autopack, is whoever remains. What drainsite may do to a
# row of another's is to queue what failed, as its script would do next.
WATCH = """
CREATE TABLE writer (who TEXT); INSERT INTO writer VALUES ('');
CREATE TABLE taken (id INTEGER PRIMARY KEY);
CREATE TABLE last_writer (id INTEGER PRIMARY KEY, who TEXT);
CREATE TABLE violations (what TEXT, id INTEGER, was TEXT, became TEXT, theirs TEXT);
CREATE TABLE completed (id INTEGER);
CREATE TRIGGER held AFTER UPDATE ON phases
WHEN (SELECT who FROM writer) <> 'other' AND OLD.id IN (SELECT id FROM taken) BEGIN
    INSERT INTO violations VALUES ('wrote what the other was running', OLD.id, OLD.state, NEW.state, OLD.updated_at);
END;
CREATE TRIGGER over_theirs AFTER UPDATE ON phases
WHEN NEW.updated_at = OLD.updated_at AND 'other' = (SELECT who FROM last_writer WHERE id = OLD.id)
    AND NOT (OLD.state = 'FAILED' AND NEW.state = 'QUEUED' AND NEW.last_failure_reason IS OLD.last_failure_reason) BEGIN
    INSERT INTO violations VALUES ('drainsite wrote over the other', OLD.id, OLD.state, NEW.state, OLD.updated_at);
END;
CREATE TRIGGER over_reason AFTER UPDATE ON phases
WHEN NEW.updated_at = OLD.updated_at AND coalesce(OLD.last_failure_reason, '') <> ''
    AND instr(NEW.last_failure_reason, OLD.last_failure_reason) = 0
    AND instr(OLD.last_failure_reason, '[drainsite]') = 0 BEGIN
    INSERT INTO violations VALUES ('drainsite lost a reason', OLD.id, OLD.last_failure_reason,
        NEW.last_failure_reason, OLD.updated_at);
END;
CREATE TRIGGER note AFTER UPDATE ON phases WHEN NEW.updated_at <> OLD.updated_at BEGIN
    INSERT OR REPLACE INTO last_writer SELECT OLD.id, who FROM writer;
    INSERT INTO completed SELECT OLD.id FROM writer WHERE NEW.state = 'COMPLETE' AND who = '';
END;
CREATE TRIGGER note_ours AFTER UPDATE ON phases WHEN NEW.updated_at = OLD.updated_at BEGIN
    INSERT OR REPLACE INTO last_writer VALUES (OLD.id, 'drainsite');
END;
"""


class OtherExecutor:
    """Takes, finishes and queues phases at random; never touches what somebody else runs."""

    def __init__(self, path: Path, random: Random, rounds: int) -> None:
        self._path, self._random, self._rounds = path, random, rounds
        self._database: sqlite3.Connection | None = None
        self.done = Event()

    def work(self) -> None:
        self._database = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        for _ in range(self._rounds):
            self._act(getattr(self, f"_{self._random.choice(DECK)}"))
            sleep(self._random.uniform(0.0, 0.2))
        while self._act(self._finish):
            pass
        self._database.close()
        self.done.set()

    def _act(self, act: Any) -> bool:
        assert self._database is not None
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("UPDATE writer SET who = 'other'")
        found = bool(act(self._database))
        self._database.execute("UPDATE writer SET who = ''")
        self._database.execute("COMMIT")
        return found

    def _one(self, database: sqlite3.Connection, where: str) -> int | None:
        found = database.execute(f"SELECT id FROM phases WHERE {where}").fetchall()
        return self._random.choice(found)[0] if found else None

    def _take(self, database: sqlite3.Connection) -> int | None:
        phase = self._one(database, "state IN ('FAILED', 'QUEUED')")
        if phase is not None:
            self._write(database, phase, "EXECUTING")
            database.execute("INSERT INTO taken VALUES (?)", (phase,))
        return phase

    def _queue(self, database: sqlite3.Connection) -> int | None:
        phase = self._one(database, "state = 'FAILED'")
        if phase is not None:
            self._write(database, phase, "QUEUED")
        return phase

    def _give_up(self, database: sqlite3.Connection) -> int | None:
        phase = self._one(database, "state = 'QUEUED'")
        if phase is not None:
            self._write(database, phase, "FAILED", "theirs: queued too long")
        return phase

    def _finish(self, database: sqlite3.Connection) -> int | None:
        phase = self._one(database, "id IN (SELECT id FROM taken)")
        if phase is not None:
            state = self._random.choice((*("FAILED",) * 8, "COMPLETE", "QUEUED", "SKIPPED"))
            self._write(database, phase, state, f"theirs: {self._random.randint(0, 999)}")
            database.execute("DELETE FROM taken WHERE id = ?", (phase,))
        return phase

    def _write(
        self, database: sqlite3.Connection, phase: int, state: str, reason: str = ""
    ) -> None:
        database.execute(
            "UPDATE phases SET state = ?, updated_at = ?,"
            " last_failure_reason = coalesce(nullif(?, ''), last_failure_reason) WHERE id = ?",
            (state, now(), reason, phase),
        )


def failed_backlog(pipeline: Pipeline, random: Random) -> None:
    for run in range(RUNS):
        pipeline.run(f"r{run}", tiers=2)
        for index in range(PHASES):
            reason = random.choice((None, "KeyError: 1", "PATCH_FAILED: hunk #1 failed"))
            pipeline.phase(
                f"r{run}", f"p{run}{index}", index, tier=index % 2, last_failure_reason=reason
            )
    pipeline.run_script(WATCH)
    names = [f"STUB_MODE_p{run}{index}" for run in range(RUNS) for index in range(PHASES)]
    pipeline.tell(**{name: random.choice(MODES) for name in names})


def look_until_nothing_is_due() -> None:
    for _ in range(3):
        SourceDebt.objects.update(due_at=timezone.now())
        settle_debts(limit=1000)


def some_limits(random: Random) -> Limits:
    return Limits(
        batch_size=6, parallel=2, phase_timeout_seconds=1, max_timeouts_per_run=9, max_fingerprint_repeats=99,
        queued_policy=random.choice((QueuedPolicy.PHASE, QueuedPolicy.IGNORE)),
    )  # fmt: skip


def violations(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.execute("SELECT * FROM violations")


@pytest.mark.parametrize(
    ("rounds", "seed"),
    [(6, 1), pytest.param(200, 2, marks=pytest.mark.verify)],
)
def test_another_executor_and_a_drain_never_write_over_each_other(
    tmp_path: Path, backlog: Backlog, monkeypatch: pytest.MonkeyPatch, rounds: int, seed: int
) -> None:
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.05)
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    random = Random(seed)
    pipeline = Pipeline(tmp_path, settle_seconds=0.3)
    failed_backlog(pipeline, random)
    other = OtherExecutor(pipeline.path, random, rounds)
    pipeline.load()
    thread = Thread(target=other.work)
    thread.start()
    while True:
        over = other.done.is_set()
        backlog.drain(pipeline.session(some_limits(random)))
        if over:
            break
        if random.random() < 0.5:
            # The others are planned on an import that is already old.
            pipeline.load()
    thread.join()
    connection.ensure_connection()

    assert violations(pipeline) == []
    assert Attempt.objects.filter(session__isnull=False).exists(), "something was drained"
    look_until_nothing_is_due()
    tried = set(
        Attempt.objects.filter(session__isnull=False).values_list("run__run_id", "phase__phase_id")
    )
    said, here = pipeline.states(), ours()
    names = [f"{run}/{phase}" for run, phase in tried]
    assert {name: here[name] for name in names} == {name: said[name] for name in names}
    finished = {row[0] for row in pipeline.execute("SELECT id FROM completed")}
    complete = Attempt.objects.filter(session__isnull=False, outcome="complete")
    for run, phase in complete.values_list("run__run_id", "phase__phase_id"):
        assert pipeline.row(phase, run)["id"] in finished, "the script completed what we say it did"
    pipeline.load()
    assert ours() == pipeline.states()
