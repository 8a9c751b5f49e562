"""A pipeline's own table of jobs, in SQLite or in a PostgreSQL database of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.db import connection

from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source

BY = Person("ada", Origin.COMMAND)
VARIABLE = "PIPELINE_DATABASE"
TABLE = """
CREATE TABLE jobs (id int PRIMARY KEY, batch text NOT NULL, job text NOT NULL, status text NOT NULL, error text,
    note text, link text, tries int NOT NULL DEFAULT 0, changed timestamp)
"""
QUERY = "SELECT batch AS run_id, job AS phase_id, status AS state, error AS reason FROM jobs ORDER BY id"
WORDS = (
    "CASE {0} WHEN 'COMPLETE' THEN 'done' WHEN 'SKIPPED' THEN 'skipped' WHEN 'QUEUED' THEN 'waiting' "
    "ELSE 'failed' END"
)
UPDATE = (
    f"UPDATE jobs SET status = {WORDS.format('{state}')}, note = {{reason}}, link = {{link}} "
    f"WHERE batch = {{run_id}} AND job = {{phase_id}} AND status = {WORDS.format('{expect}')}"
)


class Jobs:
    """A table `jobs`; statements are written with ? for values."""

    def __init__(self, url: str, path: Path | None = None, address: str = "") -> None:
        self.url, self.path, self.address = url, path, address

    @property
    def update(self) -> str:
        """An update of one job, guarded by the state in which it is expected."""
        return self.named(UPDATE)

    def named(self, text: str) -> str:
        """A statement with {name} as the driver of this kind writes a parameter."""
        names = ("run_id", "phase_id", "state", "expect", "reason", "link", "params")
        way = "%({})s" if self.path is None else ":{}"
        for name in names:
            text = text.replace("{" + name + "}", way.format(name))
        return text

    def run(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as the pipeline itself would."""
        if self.path is None:
            with psycopg.connect(self.address, autocommit=True) as postgres:
                found = postgres.execute(text.replace("?", "%s"), values)
                return found.fetchall() if found.description else []
        with closing(sqlite3.connect(self.path, timeout=30)) as lite, lite:
            return lite.execute(text, values).fetchall()

    def add(
        self,
        number: int,
        status: str = "failed",
        error: str | None = "KeyError: 7",
        batch: str = "night",
    ) -> None:
        """A job of that number."""
        text = "INSERT INTO jobs (id, batch, job, status, error) VALUES (?, ?, ?, ?, ?)"
        self.run(text, number, batch, f"job-{number}", status, error)

    def set(self, number: int, **columns: object) -> None:
        """Change a job as the pipeline itself would."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        self.run(f"UPDATE jobs SET {sets} WHERE id = ?", *columns.values(), number)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of every job, by number."""
        return self.run(f"SELECT {', '.join(columns)} FROM jobs ORDER BY id")


@contextmanager
def postgres_address(whose: str) -> Iterator[str]:
    """The address of a database beside ours in the cluster of the tests, of these tests alone."""
    params = connection.get_connection_params()
    name = f"pipeline_{whose}_{params['dbname']}"
    query = {
        key: str(params[key]) for key in ("host", "port", "user", "password") if params.get(key)
    }
    with psycopg.connect(f"postgresql:///postgres?{urlencode(query)}", autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield f"postgresql:///{name}?{urlencode(query)}"
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def postgres_jobs(address: str) -> Jobs:
    """An empty table in that database, whose address is in the environment."""
    made = Jobs(f"env:{VARIABLE}", address=address)
    made.run("DROP SCHEMA public CASCADE")
    made.run("CREATE SCHEMA public")
    made.run(TABLE)
    return made


def sqlite_jobs(folder: Path) -> Jobs:
    """A file."""
    path = folder / "jobs.sqlite3"
    made = Jobs(f"sqlite:///{path}", path)
    made.run(TABLE)
    return made


def bring(jobs: Jobs, query: str = QUERY, **given: object):
    """Import it as the source `jobs`; what came of it."""
    kept = Given(url=jobs.url, query=query, **given)  # type: ignore[arg-type]
    return import_sql(sql_source("jobs", kept), BY)
