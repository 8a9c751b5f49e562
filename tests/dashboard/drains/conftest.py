"""A backlog that a drain of all takes."""

from __future__ import annotations

import pytest

from drain.models import (
    ExecutorProfile,
)
from tests.factories import PhaseFactory, RunFactory


@pytest.fixture
def backlog(db):
    ExecutorProfile.objects.create(name="true", argv=["/bin/true"], is_default=True)
    run = RunFactory(run_id="research-system-v2", order="independent")
    phases = [PhaseFactory(run=run, phase_index=n) for n in range(5)]
    PhaseFactory(run=run, phase_index=9, state="QUEUED")
    return phases
