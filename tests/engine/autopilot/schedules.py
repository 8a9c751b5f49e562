"""A schedule that adds drains, phases for them, and drains that end as a test says."""

from __future__ import annotations

from drain.engine.autopilot.rules import (
    AutopilotRequest,
    add_autopilot,
)
from drain.models import DrainSession, SessionRun
from tests.engine.autopilot.conftest import ANN
from tests.factories import (
    NOON,
    ExecutorFactory,
    PhaseFactory,
    RunFactory,
)


def add(name="nightly", cron="*/30 * * * *", now=NOON, **changes):
    return add_autopilot(AutopilotRequest(name=name, cron=cron, **changes), ANN, now)


def failed(count=3):
    ExecutorFactory()
    run = RunFactory()
    return [PhaseFactory(run=run) for _ in range(count)]


def end(pk, state="finished", complete=0, at=NOON, **changes):
    """End a drain as if its phases had run."""
    DrainSession.objects.filter(pk=pk).update(state=state, ended_at=at, **changes)
    SessionRun.objects.filter(session=pk).update(complete=complete, failed=1)
