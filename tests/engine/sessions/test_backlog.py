"""The rows of a plan: the phases of its runs, and their prerequisites, through whatever run these lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from drain.engine.sessions.backlog import read_backlog, read_near
from drain.engine.sessions.planning import preview
from drain.engine.sessions.scope import SessionScope
from drain.models import Dependency, Hold, Phase
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import Limits
from tests.factories import ExecutorFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
UNTIL = datetime(2999, 1, 31, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _executable() -> None:
    ExecutorFactory()


def phase(run: str, state: str = "FAILED", *needs: Phase) -> Phase:
    """A phase of a run of its own that needs these."""
    made: Phase = PhaseFactory(run=RunFactory(run_id=run), phase_id=f"p-{run}", state=state)
    Dependency.objects.bulk_create(Dependency(phase=made, prerequisite=need) for need in needs)
    return made


def plan_of(*runs: str):
    return preview(SessionScope(run_ids=runs), Limits(), timezone.now())


def test_a_plan_of_one_run_follows_what_it_needs_through_other_runs():
    phase("asked", "FAILED", phase("between", "FAILED", phase("root", "QUEUED")))
    (left,) = plan_of("asked").excluded
    assert (left.reason, left.detail) == (
        "waits_for_queued",
        "waits for root / p-root (queued)",
    )


def test_what_is_complete_is_waited_for_no_more_whatever_it_needed_itself():
    asked = phase("asked", "FAILED", phase("between", "COMPLETE", phase("root", "QUEUED")))
    assert [item.id for item in plan_of("asked").selected] == [asked.pk]


def test_a_plan_of_one_run_reads_nothing_of_runs_that_it_does_not_need():
    asked = phase("asked")
    phase("dependent", "FAILED", asked)
    phase("elsewhere", "FAILED", phase("further", "QUEUED"))
    found = read_backlog([asked.run_id], {}, timezone.now())
    assert ([row.id for row in found.rows], list(found.runs), found.edges) == (
        [asked.pk],
        [asked.run_id],
        [],
    )


def test_only_a_circle_that_it_would_meet_refuses_a_plan():
    first = phase("first")
    phase("second", "FAILED", first)
    Dependency.objects.create(phase=first, prerequisite=Phase.objects.get(phase_id="p-second"))
    asked = phase("asked")
    assert [item.id for item in plan_of("asked").selected] == [asked.pk]
    with pytest.raises(CycleError):
        plan_of("second")


@pytest.mark.parametrize(
    ("holds", "told"),
    [
        ([], ""),
        ([{"kind": "run", "value": "a_b%-1"}], "held by ann: why"),
        ([{"kind": "run", "value": "a_b%-"}], ""),
        ([{"kind": "run", "value": "a_b%-1", "until": UNTIL}], "until 31 Jan 18:00 UTC"),
        ([{"kind": "prefix", "value": "a_b%"}], "held by ann: why"),
        ([{"kind": "prefix", "value": "a_"}, {"kind": "run", "value": "a_b%-1", "reason": "own"}], "ann: own"),
        ([{"kind": "prefix", "value": "a%"}], ""),
        ([{"kind": "prefix", "value": "aXb"}], ""),
        ([{"kind": "prefix", "value": "a", "until": NOW - timedelta(seconds=1)}], ""),
        ([{"kind": "run", "value": "a_b%-1", "released_at": NOW}], ""),
    ],
)  # fmt: skip
def test_a_hold_in_force_is_that_of_the_run_or_of_what_its_id_begins_with(holds, told):
    failed = phase("a_b%-1")
    for hold in holds:
        Hold.objects.create(**{"reason": "why", "created_by": "ann", **hold})
    for backlog in (read_backlog(None, {}, NOW), read_near(failed.pk, NOW)):
        held = backlog.runs[failed.run_id].hold
        assert told in held
        assert bool(told) == bool(held)
