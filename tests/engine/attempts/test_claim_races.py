"""Claims of several loops at the same moment: none waits for another's, and together they exceed nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from drain.engine.attempts.books import lock_sessions
from drain.engine.sessions.scope import SessionScope
from drain.models import Phase, Run, SessionRun
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import PhaseState
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.meetings import elsewhere, held_up
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db(transaction=True)
GATE = 7_204_102


def only(*names: str) -> SessionScope:
    """Of these phases alone: no two live drains have the same."""
    found = Phase.objects.filter(phase_id__in=names).values_list("pk", flat=True)
    return SessionScope(phases=tuple(found))


def test_two_drains_of_one_run_start_no_more_than_it_has_places() -> None:
    ExecutorFactory()
    failed_run("a", 2, most=1)
    one, other = HandDrain(only("a0")), HandDrain(only("a1"))
    with transaction.atomic():
        assert one.names() == ["a0"]
        assert elsewhere(other.names) == []
    assert elsewhere(other.names) == []
    assert Run.objects.get().open_attempts == 1


def test_a_claim_holds_no_more_runs_than_it_may_start_of() -> None:
    ExecutorFactory()
    failed_run("a", 2)
    failed_run("b", 2)
    one, other = HandDrain(only("a0", "b0")), HandDrain(only("a1", "b1"))
    with transaction.atomic():
        assert one.names(1) == ["a0"]
        assert elsewhere(other.names) == ["b1"]


def test_two_drains_start_no_more_than_their_executor_may_run() -> None:
    limited = ExecutorFactory(is_default=False, max_parallel=1)
    failed_run("a", executor=limited)
    failed_run("b", executor=limited)
    one, other = HandDrain(only("a0")), HandDrain(only("b0"))
    # It has to know what the other comes to, so this one does wait.
    with held_up(other.names) as started:
        assert one.names() == ["a0"]
    assert started() == []


@contextmanager
def a_clock_that_waits() -> Iterator[None]:
    """Let statements of connections with this search path stop where they read the clock,
    while somebody holds the lock.
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA waiting")
        cursor.execute(
            "CREATE FUNCTION waiting.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$ BEGIN "
            f"PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN pg_catalog.clock_timestamp(); END $$"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA waiting CASCADE")


def test_two_drains_of_one_run_keep_its_executor_s_delay_though_one_looked_before_the_other_began() -> (
    None
):
    failed_run("a", 2, executor=ExecutorFactory(is_default=False, run_delay_seconds=30))
    one, other = HandDrain(only("a0")), HandDrain(only("a1"))

    def late() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SET search_path = waiting, pg_catalog, public")
        return other.names()

    # Its claim must not have looked yet when this one's commits:
    # what it sees then would be how it was before.
    with a_clock_that_waits():
        with held_up(late) as started:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GATE])
            assert one.names() == ["a0"]
        assert started() == []


def test_two_rounds_of_a_session_follow_one_another() -> None:
    ExecutorFactory()
    failed_run("a", 2)
    drain = HandDrain(parallel=1)
    with transaction.atomic():
        lock_sessions([drain.session.pk])
        with pytest.raises(Exception, match="lock timeout"):
            elsewhere(drain.names)


def _move() -> None:
    phase = Phase.objects.get(phase_id="a0").pk
    move_phases([phase], expect=["FAILED"], to=PhaseState.QUEUED, why=MoveReason("requeue", "ada"))


def _touch_run() -> None:
    Run.objects.filter(run_id="a").update(max_parallel=9)


def _touch_its_place() -> None:
    SessionRun.objects.filter(run__run_id="a").update(verdict_detail="x")


@pytest.mark.parametrize(
    ("act", "starts"),
    [(_move, ["a1", "b0"]), (_touch_run, ["b0"]), (_touch_its_place, ["b0"])],
)
def test_what_somebody_is_changing_is_passed_over_and_not_waited_for(
    act: Callable[[], None], starts: list[str]
) -> None:
    ExecutorFactory()
    failed_run("a", 2)
    failed_run("b")
    drain = HandDrain()
    with transaction.atomic():
        act()
        assert elsewhere(drain.names) == starts


@pytest.mark.parametrize(("held", "free"), [(Run, (Run, Phase)), (Phase, (Phase,))])
def test_ends_take_runs_and_then_phases_by_their_keys_and_hold_nothing_that_comes_later(
    held: type[Run | Phase], free: tuple[type[Run | Phase], ...]
) -> None:
    ExecutorFactory()
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    begun = drain.start()

    def take_the_rest() -> None:
        first = held.objects.earliest("pk")
        with transaction.atomic():
            for model in free:
                rest = model.objects.select_for_update(nowait=True, no_key=True)
                list(rest.exclude(pk=first.pk) if model is held else rest)

    def end() -> int:
        return drain.end(reversed(begun), Outcome.COMPLETE)

    with held_up(end, lambda: elsewhere(take_the_rest)) as lost:
        list(held.objects.select_for_update(no_key=True).order_by("pk")[:1])
    assert lost() == 0
