"""A service of jobs beside the backlog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drain.engine.attempts.started import TakenOver
from drain.engine.executions.remote import timing
from tests.engine.executions.jobs import Jobs
from tests.engine.executions.played import Played


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


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    """Begin an attempt whose service, threads and clock are the test's."""

    def begin(known: TakenOver | None = None, seconds: float = 3600.0) -> Played:
        return Played(tmp_path, monkeypatch, known, seconds)

    return begin


@pytest.fixture
def running(play: Callable[..., Played]) -> Played:
    """A job that its service has and that has been asked for once."""
    played = play()
    assert played.goes_on() == ["start"]
    assert played.goes_on(5) == ["ask", "log"]
    return played
