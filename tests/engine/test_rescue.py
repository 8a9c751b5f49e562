"""Owners that rescue leaves alone: a loop that may still live, an attempt that is its loop's,
a count that is right.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now

from drain.db.prepared import rows
from drain.engine import rescue
from drain.models import Attempt, DrainSession, Phase, Run, WorkerLoop
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.meetings import held_up
from tests.factories import AttemptFactory, ExecutorFactory, PhaseFactory

pytestmark = pytest.mark.django_db
LEASE, MARGIN = 30.0, 10.0


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known times, and a process that has seen no outage, on a server that has run for a day."""
    monkeypatch.setattr(rescue, "_trouble_at", float("-inf"))
    monkeypatch.setattr(rescue, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(rescue, "RESCUE_MARGIN", MARGIN)
    server_started(86_400)


def server_started(seconds: float) -> None:
    """Have the server say that it was started so long ago."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS said")
        cursor.execute(
            "CREATE OR REPLACE FUNCTION said.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql STABLE "
            f"AS $$ SELECT now() - interval '{seconds} s' $$"
        )
        cursor.execute("SET LOCAL search_path = said, pg_catalog, public")


def loop(silent: float, **fields: object) -> WorkerLoop:
    """A loop whose lease ran out so many seconds ago."""
    over = Now() - timedelta(seconds=silent)
    return WorkerLoop.objects.create(
        **{"id": uuid4(), "worker": "far/1/a", "slots": 1, "expires_at": over, **fields}
    )


@pytest.mark.parametrize(
    ("silent", "started", "taken"),
    [
        (-1, 86_400, False),
        (MARGIN - 1, 86_400, False),
        (MARGIN + 1, 86_400, True),
        (3_600, LEASE + MARGIN - 1, False),
        (3_600, LEASE + MARGIN + 1, True),
    ],
)
def test_a_loop_is_taken_away_after_lease_and_margin_on_a_server_that_has_run_as_long(
    silent: float, started: float, taken: bool
) -> None:
    loop(silent)
    server_started(started)
    rescue.rescue()
    assert WorkerLoop.objects.exists() is not taken


def drained(phases: int = 1) -> HandDrain:
    """A drain with open attempts of a loop that lives."""
    ExecutorFactory()
    failed_run("a", phases)
    drain = HandDrain()
    loop(-LEASE, id=drain.rounds.loop)
    assert len(drain.start()) == phases
    return drain


def test_an_attempt_of_a_loop_that_lives_is_left_alone() -> None:
    drained()
    assert rescue.rescue().attempts == 0
    assert Attempt.objects.get().outcome is None


def test_a_job_of_a_service_is_not_lost_with_its_loop() -> None:
    drained()
    Attempt.objects.update(remote={"executor": 1})
    WorkerLoop.objects.all().delete()
    assert rescue.rescue().attempts == 0


def test_only_open_attempts_of_a_loop_that_is_gone_are_looked_at_and_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drain = drained(2)
    done, open_still = drain.rounds.begun
    drain.end([done], Outcome.COMPLETE)
    WorkerLoop.objects.all().delete()
    looked: list[int] = []
    orphaned = rescue._orphaned_after

    def noted(after: int) -> dict[str, Any] | None:
        looked.append(after)
        return orphaned(after)

    monkeypatch.setattr(rescue, "_orphaned_after", noted)
    assert rescue.rescue().attempts == 1
    assert looked == [0, open_still.attempt]
    assert list(Attempt.objects.order_by("id").values_list("outcome", flat=True)) == [
        "complete",
        "lost",
    ]


@pytest.mark.parametrize(("age", "lost"), [(LEASE + MARGIN - 5, 0), (LEASE + MARGIN + 5, 1)])
def test_an_attempt_whose_phase_was_repaired_by_hand_is_over_after_lease_and_margin(
    age: float, lost: int
) -> None:
    drained()
    Phase.objects.update(state="COMPLETE", lease_owner=None)
    Attempt.objects.update(started_at=Now() - timedelta(seconds=age))
    assert rescue.rescue().attempts == lost
    assert Phase.objects.get().state == "COMPLETE"


@pytest.mark.parametrize("counted", [0, 1, 7])
def test_a_count_of_open_attempts_that_has_drifted_is_counted_again(counted: int) -> None:
    """Also where it says that nothing runs: a run would start more than it may."""
    drained(2)
    Run.objects.update(open_attempts=counted)
    DrainSession.objects.update(open_attempts=counted)
    rescue.rescue()
    assert (Run.objects.get().open_attempts, DrainSession.objects.get().open_attempts) == (2, 2)


def test_a_count_that_is_right_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drain = drained(2)
    drain.end(drain.rounds.begun[:1], Outcome.COMPLETE)
    asked: list[str] = []

    def noted(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(statement)
        return rows(statement, values)

    monkeypatch.setattr(rescue, "rows", noted)
    rescue.rescue()
    assert not [each for each in asked if "FOR NO KEY UPDATE" in each], "it locks nobody out"


@pytest.mark.django_db(transaction=True)
def test_a_count_that_has_drifted_counts_what_starts_at_the_same_moment() -> None:
    ExecutorFactory()
    failed_run("a", 2)
    drain = HandDrain()
    drain.start(1)
    Run.objects.update(open_attempts=7)
    with held_up(lambda: rescue._recount(rescue._COUNTED[1])):
        drain.end([], Outcome.COMPLETE)
        Run.objects.update(max_parallel=20)
        assert len(drain.start(1)) == 1
    assert Run.objects.get().open_attempts == 2


@pytest.mark.parametrize(
    ("loop_of_it", "attempt", "lost"),
    [
        ({"silent": -1}, {}, False),
        ({"silent": MARGIN - 2}, {}, False),
        ({"silent": MARGIN + 2}, {}, True),
        (None, {}, True),
        (None, {"loop": None}, True),
        (None, {"remote": {"executor": 1}}, False),
        (None, {"outcome": "failed", "finished_at": Now()}, False),
    ],
)
def test_a_phase_is_lost_if_its_open_attempt_has_no_loop_that_may_live_and_no_job(
    loop_of_it: dict[str, float] | None, attempt: dict[str, Any], lost: bool
) -> None:
    phase = PhaseFactory()
    AttemptFactory(phase=phase, number=1, loop=uuid4())
    key = loop(**loop_of_it).pk if loop_of_it else uuid4()
    values = {"outcome": None, "finished_at": None, "loop": key, **attempt}
    AttemptFactory(phase=phase, number=2, **values)
    assert rescue.is_lost(phase) is lost
