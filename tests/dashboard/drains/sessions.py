"""A drain with attempts behind it and one phase that waits."""

from __future__ import annotations

from drain.models import SessionRun
from drain.policy.stopping.limits import Limits
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)


def a_session(state="running", attempts=3, **fields):
    run = RunFactory(run_id="research-system-v2")
    session = SessionFactory(
        state=state,
        ended_at=None if state in ("running", "paused", "planned", "stopping") else NOON,
        limits=Limits(batch_size=20, max_total_minutes=90).to_json(),
        selected=attempts + 1,
        total_failed=attempts + 6,
        ledger={"beyond_batch": 3, "run_held": 2},
        **fields,
    )
    SessionRun.objects.create(session=session, run=run, complete=attempts, waiting=1, timeouts=1)
    for number in range(attempts):
        phase = PhaseFactory(run=run)
        AttemptFactory(phase=phase, run=run, session=session, outcome="complete")
        CandidateFactory(
            session=session, phase=phase, run=run, planned_position=number + 1, outcome="complete"
        )
    CandidateFactory(
        session=session,
        phase=PhaseFactory(run=run),
        run=run,
        planned_position=attempts + 1,
        status="waiting",
    )
    return session
