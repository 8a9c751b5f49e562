"""A copy of the sample database and the stub workspace that drains it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from drain.models import Source

DATA = Path(__file__).resolve().parent.parent / "data"


class Autopack:
    """An Autopack database of a test's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self.workspace = DATA / "autopack_workspace"

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.path) as connection:
            found = connection.execute(sql, values).fetchall()
        connection.close()
        return found

    def set(self, phase: str, run: str = "research-system-v2", **columns: object) -> None:
        sets = ", ".join(f"{name} = ?" for name in columns)
        self.run(
            f"UPDATE phases SET {sets} WHERE run_id = ? AND phase_id = ?",
            *columns.values(),
            run,
            phase,
        )

    def state(self, phase: str, run: str = "research-system-v2") -> str:
        sql = "SELECT state FROM phases WHERE run_id = ? AND phase_id = ?"
        return str(self.run(sql, run, phase)[0][0])

    def source(self, **fields: object) -> Source:
        values = {"name": "auto", "kind": "autopack", "url": self.url, **fields}
        return Source.objects.create(**values)


@pytest.fixture
def autopack(tmp_path) -> Autopack:
    path = tmp_path / "autopack.sqlite3"
    shutil.copy(DATA / "autopack_sample.sqlite3", path)
    return Autopack(path)
