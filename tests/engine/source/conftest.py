"""A source that nobody drains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pipeline import OLD, Pipeline
from tests.sources.sql.conftest import jobs, lite, postgres
from tests.sources.sql.jobs import postgres_address

__all__ = ["idle", "jobs", "lite", "postgres"]


@pytest.fixture(scope="session")
def pipeline_address(django_db_setup: None) -> Iterator[str]:
    with postgres_address("told") as address:
        yield address


@pytest.fixture
def idle(tmp_path: Path, db: None) -> Pipeline:
    """A run with one failed phase, `p`, and a queued one, `q`, imported."""
    made = Pipeline(tmp_path)
    made.run("r")
    made.phase("r", "p", 0, last_failure_reason=OLD, retry_attempt=1)
    made.phase("r", "q", 1, "QUEUED")
    made.load()
    return made
