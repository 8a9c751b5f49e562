"""A service of jobs beside the backlog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drain.engine.executions.remote import timing
from tests.engine.executions.jobs import Jobs


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """A service that is well, and knows nobody in particular."""
    service = Jobs(tmp_path / "jobs")
    yield service
    service.end()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is short."""
    monkeypatch.setattr(timing, "_ASK_AGAIN", (0.1, 0.2))
    monkeypatch.setattr(timing, "_LOOK_EVERY", (0.1, 0.2))
    monkeypatch.setattr(timing, "_GONE_SECONDS", 0.5)
    monkeypatch.setattr(timing, "LOG_EVERY", 0.2)
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
