"""The drain that reports are made of."""

from __future__ import annotations

import zlib
from datetime import timedelta

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)


@pytest.fixture
def session(db):
    """The well-known run: 2 complete, 5 failed and 1 queued before; 4 of the 5 complete after."""
    source = SourceFactory(name="autopack", identity={"host": "here", "url": "sqlite://secret"})
    run = RunFactory(run_id="research-system-v2", source=source)
    session = SessionFactory(
        scope={"run_ids": ["research-system-v2"]},
        limits={"batch_size": 10, "queued_policy": "phase"},
        before={"COMPLETE": 2, "FAILED": 5, "QUEUED": 1},
        after={"COMPLETE": 6, "FAILED": 1, "QUEUED": 1},
        total_failed=5,
        selected=5,
        note="after mending the imports",
    )
    FingerprintFactory(key="k", title="ModuleNotFoundError: coverage_tracker", status="ongoing")
    add_marker(
        "Import mended",
        By("ada", Origin.BROWSER, NOON - timedelta(minutes=1)),
        commit="abc1234",
        keys=["k"],
    )
    for index in range(5):
        done = index < 4
        phase = PhaseFactory(
            run=run, phase_id=f"research-{index}", phase_index=index,
            state="COMPLETE" if done else "FAILED",
            last_failure_reason="" if done else "AssertionError: 1 != 2",
        )  # fmt: skip
        CandidateFactory(session=session, phase=phase, fingerprint="k", planned_position=index + 1)
        AttemptFactory(
            session=session,
            phase=phase,
            outcome="complete" if done else "failed",
            telemetry_count=3 * done,
            zero_yield_reason="" if done else "execution_error",
            fingerprint="" if done else "other",
            error="" if done else "AssertionError: 1 != 2",
            log_bytes=9,
            log_inline=zlib.compress(b"hello \x1b[1m"),
        )
    return session
