"""The verdict on a run stands, and a cause that stopped is stopped where it was met."""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.attempts.started import EndedAttempt
from drain.models import Candidate, Phase, SessionRun
from drain.models.vocabulary import RunTier
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import ExecutorFactory, SourceFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("first", "later", "tier"),
    [
        (Outcome.COMPLETE, Outcome.FAILED, RunTier.PROMISING),
        (Outcome.FAILED, Outcome.COMPLETE, RunTier.DEPRIORITISED),
    ],
)
def test_the_sample_of_a_run_decides_and_what_ends_after_it_does_not(
    first: Outcome, later: Outcome, tier: RunTier, together: bool
) -> None:
    ExecutorFactory()
    failed_run("a", 2)
    failed_run("met")
    drain = HandDrain()
    one, other, met = drain.start(3)
    drain.set_tier(RunTier.SAMPLING, run__run_id="a")
    drain.end([met], Outcome.FAILED)
    ends = [EndedAttempt(each, result(how, 0, "x")) for each, how in ((one, first), (other, later))]
    for part in [ends] if together else [ends[:1], ends[1:]]:
        drain.rounds.write(part, 0, ())
    assert SessionRun.objects.get(run__run_id="a").tier == tier


@pytest.mark.parametrize(
    ("other", "status"),
    [({}, "excluded"), ({"executor": True}, "waiting"), ({"source": True}, "waiting")],
)
def test_a_cause_is_stopped_in_the_runs_of_its_source_and_executor(
    other: dict[str, Any], status: str
) -> None:
    ExecutorFactory()
    failed_run("a")
    failed_run("b", **elsewhere_of(other))
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(max_session_fingerprint_repeats=1, max_fingerprint_repeats=100)
    drain.end(drain.start(1), Outcome.FAILED)
    assert Candidate.objects.get(phase__phase_id="b0").status == status


@pytest.mark.parametrize(
    ("other", "status"),
    [({}, "waiting"), ({"executor": True}, "excluded"), ({"source": True}, "excluded")],
)
def test_a_cause_is_excused_by_what_completed_with_its_source_and_executor_alone(
    other: dict[str, Any], status: str
) -> None:
    ExecutorFactory()
    failed_run("a", 2)
    failed_run("b", **elsewhere_of(other))
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(max_session_fingerprint_repeats=1, max_fingerprint_repeats=100)
    started = {each.phase_id: each for each in drain.start(3)}
    Candidate.objects.filter(phase__phase_id="a1").update(status="waiting")
    drain.end([started["b0"]], Outcome.COMPLETE)
    drain.end([started["a0"]], Outcome.FAILED)
    assert Candidate.objects.get(phase__phase_id="a1").status == status


def elsewhere_of(other: dict[str, Any]) -> dict[str, Any]:
    """The fields of a run that differs in this."""
    made: dict[str, Any] = {}
    if "executor" in other:
        made["executor"] = ExecutorFactory(is_default=False)
    if "source" in other:
        made["source"] = SourceFactory()
    return made
