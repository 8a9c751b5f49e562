"""A source that nobody drains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.pipeline import OLD, Pipeline


@pytest.fixture
def idle(tmp_path: Path, db: None) -> Pipeline:
    """A run with one failed phase, `p`, and a queued one, `q`, imported."""
    made = Pipeline(tmp_path)
    made.run("r")
    made.phase("r", "p", 0, last_failure_reason=OLD, retry_attempt=1)
    made.phase("r", "q", 1, "QUEUED")
    made.load()
    return made
