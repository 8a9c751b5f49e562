"""Tables of jobs in both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.sql.jobs import VARIABLE, Jobs, postgres_address, postgres_jobs, sqlite_jobs


@pytest.fixture(scope="session")
def pipeline_address(django_db_setup: None) -> Iterator[str]:
    with postgres_address("read") as address:
        yield address


@pytest.fixture
def postgres(db: None, pipeline_address: str, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setenv(VARIABLE, pipeline_address)
    return postgres_jobs(pipeline_address)


@pytest.fixture
def lite(tmp_path: Path, db: None) -> Jobs:
    return sqlite_jobs(tmp_path)


@pytest.fixture(params=["lite", "postgres"])
def jobs(request: pytest.FixtureRequest) -> Jobs:
    """Each of them in turn."""
    found: Jobs = request.getfixturevalue(request.param)
    return found
