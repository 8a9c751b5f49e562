"""An Autopack database of a test's own: the tables of Autopack's models, rows as the test wants them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from django.db import connection
from django.utils import timezone

from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.engine.source.outbox import settle_debts
from drain.models import Attempt, DrainSession, ExecutorProfile, Phase, Source, SourceDebt
from drain.models.vocabulary import Origin, SourceKind
from drain.policy.stopping.limits import Limits
from drain.sources.autopack.importing import import_source
from drain.sources.autopack.profile import save_profile

DATA = Path(__file__).resolve().parents[1] / "data"
OLD = "DELIVERABLES_VALIDATION_FAILED: missing deliverables: a.json"
THEN = "2026-02-01 10:00:00.000000"


class Pipeline:
    """Runs of Autopack with the stand-in script behind them; nothing is imported before `load`."""

    def __init__(self, folder: Path, *, settle_seconds: float = 2) -> None:
        self.path = folder / "pipeline.sqlite3"
        self.run_script((DATA / "autopack_schema.sql").read_text())
        self.source = Source.objects.create(
            name="pipeline",
            kind=SourceKind.AUTOPACK,
            url=f"sqlite:///{self.path}",
            workspace=str(DATA / "autopack_workspace"),
            settle_seconds=settle_seconds,
        )
        self.profile = save_profile(self.source)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Nothing here is worth waiting for the disk, which is most of a short test's time."""
        with closing(sqlite3.connect(self.path, timeout=30)) as database:
            database.execute("PRAGMA synchronous = OFF")
            with database:
                yield database

    def run_script(self, sql: str) -> None:
        with self._opened() as database:
            database.executescript(sql)

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._opened() as database:
            return database.execute(sql, values).fetchall()

    def insert(self, table: str, **given: object) -> None:
        """A row with these columns, and something for every other that must not be empty."""
        row = dict(given)
        for _, name, kind, required, _, key in self.execute(f"PRAGMA table_info({table})"):
            if required and not key and name not in row:
                row[name] = (
                    THEN if kind == "DATETIME" else 0 if kind in ("INTEGER", "BOOLEAN") else ""
                )
        names, places = ", ".join(row), ", ".join("?" for _ in row)
        self.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())

    def run(self, run_id: str, tiers: int = 1) -> None:
        self.insert("runs", id=run_id, state="PHASE_EXECUTION")
        for tier in range(tiers):
            # Ids fall while indexes rise: only the index says which tier comes first.
            number = 1000 * (1 + len(self.execute("SELECT 1 FROM runs"))) - tier
            self.insert("tiers", id=number, tier_id=f"T{tier}", run_id=run_id, tier_index=tier)

    def phase(
        self, run_id: str, phase_id: str, index: int, state: str = "FAILED", **columns: Any
    ) -> None:
        """`tier` is an index; other columns are Autopack's own."""
        tier = columns.pop("tier", 0)
        sql = "SELECT id FROM tiers WHERE run_id = ? AND tier_index = ?"
        values = {"updated_at": THEN, "started_at": THEN, "name": phase_id, **columns}
        self.insert(
            "phases", run_id=run_id, phase_id=phase_id, phase_index=index, state=state,
            tier_id=self.execute(sql, run_id, tier)[0][0], **values,
        )  # fmt: skip

    def row(self, phase_id: str, run_id: str = "r") -> dict[str, Any]:
        """Return the source's own row of a phase."""
        names = [each[1] for each in self.execute("PRAGMA table_info(phases)")]
        sql = "SELECT * FROM phases WHERE run_id = ? AND phase_id = ?"
        return dict(zip(names, self.execute(sql, run_id, phase_id)[0], strict=True))

    def states(self) -> dict[str, str]:
        return dict(self.execute("SELECT run_id || '/' || phase_id, state FROM phases"))

    def change(self, phase_id: str, run_id: str = "r", **columns: object) -> None:
        """As another executor writes: with the time."""
        values = {"updated_at": now(), **columns}
        sets = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE phases SET {sets} WHERE run_id = ? AND phase_id = ?"
        self.execute(sql, *values.values(), run_id, phase_id)

    def load(self) -> None:
        import_source(self.source, timezone.now())

    def tell(self, **env: str) -> None:
        """Set the behaviour of the stand-in script."""
        ExecutorProfile.objects.filter(pk=self.profile.pk).update(env={**self.profile.env, **env})

    def session(self, limits: Limits | None = None, **some: Any) -> DrainSession:
        given = limits or Limits(**{"batch_size": 100, **some})
        asked = DrainRequest(SessionScope(), given, "os:test@host", Origin.COMMAND, inline=True)
        return create_session(asked, timezone.now())


def ours() -> dict[str, str]:
    """Return drainsite's state of every phase."""
    found = Phase.objects.values_list("run__run_id", "phase_id", "state")
    return {f"{run}/{phase}": state for run, phase, state in found}


def now() -> str:
    return timezone.now().replace(tzinfo=None).isoformat(" ", "microseconds")


def drained(pipeline: Pipeline, backlog: Any, **limits: Any) -> tuple[Attempt, DrainSession]:
    session = backlog.drain(pipeline.session(**limits))
    return Attempt.objects.filter(session=session).latest("id"), session


def look_again() -> None:
    """Do maintenance's work when the next look at a source is due."""
    SourceDebt.objects.update(due_at=timezone.now())
    settle_debts()


def meanwhile(act: Callable[[], None], when: Callable[[], bool]) -> Thread:
    """Another process: acts as soon as it sees something."""

    def other() -> None:
        deadline = monotonic() + 30
        while not when() and monotonic() < deadline:
            sleep(0.02)
        act()
        connection.close()

    thread = Thread(target=other)
    thread.start()
    return thread
