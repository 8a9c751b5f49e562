"""The plan of an Autopack database: its phases and their order, by tiers, queued phases and causes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone

from drain.engine.sessions.planning import preview
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, Phase
from drain.policy.selection.plan import Plan
from drain.policy.stopping.limits import Limits, QueuedPolicy
from tests.engine.autopack import Autopack
from tests.engine.conftest import Backlog
from tests.engine.pipeline import Pipeline, ours

pytestmark = pytest.mark.django_db(transaction=True)
TIMEOUT = "Phase timed out after 900 seconds"
PATCH = "PATCH_FAILED: hunk #3 failed at line 12"


@pytest.fixture
def pipeline(tmp_path: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    return Pipeline(tmp_path, settle_seconds=0.5)


def plan_of(pipeline: Pipeline, policy: str = "phase") -> Plan:
    pipeline.load()
    limits = Limits(batch_size=100, queued_policy=QueuedPolicy(policy))
    return preview(SessionScope(), limits, timezone.now())


def chosen(plan: Plan) -> list[str]:
    return [item.phase_id for item in plan.selected]


def test_a_queued_phase_of_a_later_tier_holds_nothing_back(pipeline: Pipeline) -> None:
    pipeline.run("r", tiers=2)
    pipeline.phase("r", "early", 5)
    pipeline.phase("r", "queued", 0, "QUEUED", tier=1)
    pipeline.phase("r", "late", 1, tier=1)
    plan = plan_of(pipeline)
    assert chosen(plan) == ["early"]
    (waits,) = plan.excluded
    assert (waits.phase_id, waits.reason) == ("late", "waits_for_queued")
    assert waits.detail == "Autopack would run the queued queued (tier 1, index 0) first"


@pytest.mark.parametrize("policy", ["phase", "dependents"])
def test_a_queued_phase_of_an_earlier_tier_holds_back_whatever_its_index(
    pipeline: Pipeline, policy: str
) -> None:
    pipeline.run("r", tiers=2)
    pipeline.phase("r", "queued", 9, "QUEUED")
    pipeline.phase("r", "late", 1, tier=1)
    assert chosen(plan_of(pipeline, policy)) == []
    assert chosen(plan_of(pipeline, "ignore")) == ["late"]


def test_phases_with_one_cause_go_tier_by_tier(pipeline: Pipeline) -> None:
    pipeline.run("r", tiers=2)
    for index in range(3):
        pipeline.phase("r", f"late-{index}", index, tier=1)
        pipeline.phase("r", f"early-{index}", index + 3)
    assert chosen(plan_of(pipeline)) == [
        "early-0", "early-1", "early-2", "late-0", "late-1", "late-2",
    ]  # fmt: skip


def test_within_a_run_the_order_of_causes_holds(pipeline: Pipeline) -> None:
    pipeline.run("r")
    pipeline.phase("r", "timed-out", 0, last_failure_reason=TIMEOUT)
    pipeline.phase("r", "patch", 1, last_failure_reason=PATCH)
    pipeline.phase("r", "unknown", 2)
    assert chosen(plan_of(pipeline)) == ["unknown", "patch", "timed-out"]


def test_a_run_has_one_phase_at_a_time_and_none_runs_for_another(
    pipeline: Pipeline, backlog: Backlog
) -> None:
    """The stand-in runs the first queued phase by tier and index, as Autopack does."""
    pipeline.run("r", tiers=4)
    for tier in range(4):
        pipeline.phase("r", f"f{tier}", 4 - tier, tier=tier)
    pipeline.phase("r", "queued", 0, "QUEUED", tier=3)
    pipeline.load()
    result = session_result(backlog.drain(pipeline.session(parallel=3)))
    assert (result["complete"], result["excluded"]) == (3, {"waits_for_queued": 1})
    assert not Attempt.objects.filter(outcome="diverted").exists()
    assert ours() == pipeline.states()
    ran = Attempt.objects.filter(session__isnull=False).order_by("started_at")
    for before, after in pairwise(ran):
        assert before.finished_at is not None
        assert before.finished_at <= after.started_at


def test_a_source_without_tiers_has_one(pipeline: Pipeline) -> None:
    pipeline.run("r")
    pipeline.phase("r", "p", 4)
    pipeline.run_script("DROP TABLE tiers")
    assert chosen(plan_of(pipeline)) == ["p"]
    phase = Phase.objects.get()
    assert (phase.tier_index, phase.place) == (0, 4)


def test_an_old_schema_counts_its_attempts_under_another_name(pipeline: Pipeline) -> None:
    pipeline.run("r")
    pipeline.phase("r", "p", 0)
    pipeline.run_script(
        "ALTER TABLE phases DROP COLUMN retry_attempt; ALTER TABLE phases ADD COLUMN attempts_used INTEGER;"
        "UPDATE phases SET attempts_used = 3"
    )
    pipeline.load()
    assert Phase.objects.get().source_attempts == 3


@pytest.mark.verify
def test_a_batch_of_forty_completes_what_the_fix_mended(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only causes that were mended complete. Autopack's own controller completes 36 of 40 by the same rule.

    Seven runs have no phase with such a cause that no queued phase holds back: their samples fail, three of
    them with TOKEN_ESCALATION, which has its second turn.
    """
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    autopack.tell(STUB_MODE="fixed", STUB_FIXED="ModuleNotFoundError|SyntaxError|CI collection")
    session = autopack.session(run_ids=(), batch_size=40)
    result = session_result(backlog.drain(session))
    assert result["complete"] >= 36
    assert not Attempt.objects.filter(session=session, outcome="diverted").exists()
