"""A drain that selected nothing says why, what stands in the way, and with which words it is cleared."""

from __future__ import annotations

import pytest

from drain.dashboard.drains.empty_plan import nothing_selected
from drain.models import DrainSession
from tests.factories import CandidateFactory, PhaseFactory, RunFactory, SessionFactory

pytestmark = pytest.mark.django_db


def _empty(reason: str, detail: str = "", total: int = 3) -> DrainSession:
    session = SessionFactory(
        state="finished", stop_reason="nothing_selected", selected=0, total_failed=total,
        ledger={reason: total} if total else {},
    )  # fmt: skip
    run = RunFactory(run_id="research-system-v2")
    PhaseFactory(run=run, phase_id="integration", phase_index=9, state="QUEUED")
    phase = PhaseFactory(run=run, phase_id="polish", phase_index=5)
    CandidateFactory(
        session=session, run=run, phase=phase, status="excluded", reason=reason, detail=detail
    )
    return session


def test_the_queued_phase_and_its_run_stand_in_the_commands():
    found = nothing_selected(_empty("queued_in_run", "integration is queued"))
    assert found.sentence.startswith("Nothing was drained: the run has a queued phase")
    assert [fact.text for fact in found.facts] == [
        "3 of 3 failed phases",
        "integration, research-system-v2",
    ]
    assert found.actions[0].argv[:3] == ("clear_queued", "research-system-v2", "integration")


def test_a_queued_phase_that_the_ledger_does_not_name_is_not_guessed():
    found = nothing_selected(_empty("waits_for_queued", "waits for another/phase (queued)"))
    assert found.actions[0].argv[:3] == ("clear_queued", "research-system-v2", "PHASE")


def test_a_hold_is_left_to_be_named_since_it_may_be_on_a_prefix():
    found = nothing_selected(_empty("run_held", "disk full"))
    assert found.sentence == "Nothing was drained: the run is on hold."
    assert found.actions[0].argv == ("release", "RUN")


def test_an_empty_scope_is_said():
    assert "no failed phase is in scope" in nothing_selected(_empty("run_held", total=0)).sentence
