"""Rounds of loops against a small reference model: every limit holds, however starts and ends fall."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds, fair_shares
from drain.engine.attempts.started import EndedAttempt
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, DrainSession, Phase, Run, SessionRun
from drain.models.transitions.attempts import Start, start_attempts
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from tests.engine.attempts.examples import ANY_ORDER, explore, result
from tests.factories import ExecutorFactory, PhaseFactory

pytestmark = pytest.mark.django_db


@settings(max_examples=6, **ANY_ORDER)
@given(st.data())
def test_every_limit_holds_after_every_round(data: st.DataObject) -> None:
    explore(data)


@pytest.mark.verify
@pytest.mark.timeout(900)
@settings(max_examples=300, **ANY_ORDER)
@given(st.data())
def test_every_limit_holds_after_every_round_of_many_examples(data: st.DataObject) -> None:
    explore(data)


def opened(count: int, **limits: int) -> tuple[Rounds, DrainSession]:
    """A session over one run of so many phases, all of them started."""
    ExecutorFactory()
    run = Run.objects.create(run_id="r", order=Order.INDEPENDENT, max_parallel=count)
    Phase.objects.bulk_create(
        Phase(run=run, phase_id=f"p{n}", phase_index=n, state=PhaseState.FAILED)
        for n in range(count)
    )
    given_limits = Limits(batch_size=1000, parallel=count, **limits)  # type: ignore[arg-type]
    asked = DrainRequest(SessionScope(), given_limits, "os:t@h", Origin.COMMAND)
    session = create_session(asked, timezone.now())
    DrainSession.objects.update(state="running", started_at=timezone.now())
    SessionRun.objects.update(tier="1")
    host = HostContext(environ={}, worker="h/1/w")
    host.refresh()
    rounds = Rounds(host, uuid4())
    rounds.write([], count, [session.pk])
    assert len(rounds.begun) == count
    return rounds, session


def test_of_eight_that_ended_with_one_that_no_row_can_hold_seven_are_written_as_they_were() -> None:
    rounds, _ = opened(8)
    begun = list(rounds.begun)
    ends = [EndedAttempt(each, result(Outcome.COMPLETE, 1, "")) for each in begun]
    ends[3] = replace(ends[3], result=replace(ends[3].result, exit_code=2**40))
    assert rounds.book(ends) == 0
    found = Counter(Attempt.objects.values_list("outcome", flat=True))
    assert found == {"complete": 7, "failed": 1}
    assert "could not be stored" in Attempt.objects.get(outcome="failed").error
    assert set(DrainSession.objects.values_list("open_attempts", flat=True)) == {0}


def test_eight_that_end_in_one_transaction_stop_the_session_at_exactly_the_fourth() -> None:
    rounds, session = opened(8, max_consecutive_zero_yield=4)
    begun = list(rounds.begun)
    ends = [EndedAttempt(each, result(Outcome.COMPLETE, 0, "")) for each in reversed(begun)]
    rounds.write(ends, 8, [session.pk])
    session.refresh_from_db()
    assert session.stop_attempt_id == begun[-4].attempt
    assert Attempt.objects.filter(outcome="complete").count() == 8


def test_an_end_without_its_lease_changes_nothing() -> None:
    rounds, _ = opened(1)
    begun = rounds.begun[0]
    strange = EndedAttempt(replace(begun, lease=uuid4()), result(Outcome.COMPLETE, 1, ""))
    assert rounds.write([strange], 0, ()) == 1
    assert Attempt.objects.get(pk=begun.attempt).outcome is None


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=6),
    st.integers(0, 20),
)
def test_slots_go_one_by_one_to_who_has_least_for_its_share(
    sessions: list[tuple[int, int]], free: int
) -> None:
    shares = fair_shares(sessions, free)
    room = sum(max(0, parallel - taken) for taken, parallel in sessions)
    assert sum(shares) == min(free, room)
    after = [
        (taken + share) / parallel
        for (taken, parallel), share in zip(sessions, shares, strict=True)
    ]
    for place, ((taken, parallel), share) in enumerate(zip(sessions, shares, strict=True)):
        assert share == 0 or taken + share <= parallel
        if share:
            # Its last slot went to it because nobody with room stood lower.
            last = (taken + share - 1) / parallel
            for other, (other_taken, other_parallel) in enumerate(sessions):
                if other != place and other_taken + shares[other] < other_parallel:
                    assert last <= after[other] + 1e-9


@pytest.mark.parametrize(("expect", "seen"), [("FAILED", 0), ("QUEUED", 1), ("EXECUTING", 1)])
def test_a_start_that_was_decided_on_other_facts_starts_nothing(expect: str, seen: int) -> None:
    phase = PhaseFactory(attempts=1)
    start = Start(phase.pk, expect, seen, None, None, None, uuid4(), 60)
    assert start_attempts([start], worker="w", loop=uuid4()) == []
    assert not Attempt.objects.exists()
    assert Run.objects.get().open_attempts == 0
    phase.refresh_from_db()
    assert (phase.state, phase.lease_owner) == ("FAILED", None)
