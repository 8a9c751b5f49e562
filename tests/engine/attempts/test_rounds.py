"""Rounds of loops against a small reference model: every limit holds, however starts and ends fall together."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds, fair_shares
from drain.engine.attempts.started import EndedAttempt, Result, StartedAttempt
from drain.engine.process.outcome import Decision
from drain.engine.sessions.planning import Asked, create_session
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, Candidate, DrainSession, Phase, Run, SessionRun
from drain.models.transitions.attempts import Start, start_attempts
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.tallies import Ended, SessionTally
from tests.factories import ExecutorFactory, PhaseFactory

pytestmark = pytest.mark.django_db

ENDS = st.sampled_from(
    [Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED, Outcome.TIMEOUT, Outcome.SKIPPED,
     Outcome.INTERRUPTED, Outcome.CANCELLED, Outcome.LOST]
)  # fmt: skip
RUNS = st.lists(
    st.tuples(st.sampled_from(Order.values), st.integers(1, 3), st.integers(1, 5)),
    min_size=1,
    max_size=4,
)
LIMITS = st.fixed_dictionaries(
    {
        "parallel": st.integers(1, 6),
        "max_fingerprint_repeats": st.integers(1, 3),
        "max_timeouts_per_run": st.integers(1, 2),
        "max_consecutive_zero_yield": st.none() | st.integers(1, 4),
        "sample": st.none() | st.integers(1, 3),
    }
)


class UndoneError(Exception):
    """Takes an example's rows back."""


def result(outcome: Outcome, telemetry: int, cause: str) -> Result:
    failed = outcome in (Outcome.FAILED, Outcome.TIMEOUT)
    text = f"ValueError: {cause}" if failed else ""
    return Result(Decision(outcome, text, text, telemetry, "", reached_limit_boundary=False))


class Example:
    """One backlog, drained by two loops whose children end when the example says so."""

    def __init__(self, data: st.DataObject) -> None:
        ExecutorFactory()
        for number, (order, most, size) in enumerate(data.draw(RUNS, "runs")):
            run = Run.objects.create(run_id=f"r{number}", order=order, max_parallel=most)
            Phase.objects.bulk_create(
                Phase(run=run, phase_id=f"p{n}", phase_index=n, state=PhaseState.FAILED)
                for n in range(size)
            )
        limits: dict[str, Any] = data.draw(LIMITS, "limits")
        self.limits = Limits(batch_size=1000, **limits)
        asked = Asked(SessionScope(), self.limits, "os:t@h", Origin.COMMAND)
        self.session = create_session(asked, timezone.now())
        now = timezone.now()
        DrainSession.objects.filter(pk=self.session.pk).update(state="running", started_at=now)
        host = HostContext(environ={}, worker="h/1/w")
        host.refresh()
        self.loops = [Rounds(host, uuid4()) for _ in range(2)]
        self.running: list[StartedAttempt] = []
        self.ended: list[tuple[StartedAttempt, Result]] = []
        self.starts: list[StartedAttempt] = []

    def step(self, data: st.DataObject) -> None:
        """One round of one loop: some children have ended, some slots are free."""
        loop = data.draw(st.sampled_from(self.loops), "loop")
        places = st.lists(st.integers(0, max(0, len(self.running) - 1)), unique=True)
        over = [self.running[at] for at in data.draw(places, "ended")] if self.running else []
        ends = [
            EndedAttempt(
                each,
                result(
                    data.draw(ENDS), data.draw(st.integers(0, 1)), data.draw(st.sampled_from("ab"))
                ),
            )
            for each in over
        ]
        gone = loop.write(ends, data.draw(st.integers(0, 8), "free"), [self.session.pk])
        assert gone == 0
        before = list(self.running)
        for each in ends:
            self.running.remove(each.started)
            self.ended.append((each.started, each.result))
        self.running += loop.begun
        self.starts += loop.begun
        self.check(loop.begun, still=[each for each in before if each in self.running])

    def check(self, begun: list[StartedAttempt], still: list[StartedAttempt]) -> None:
        """Everything that must hold after every round."""
        self.session.refresh_from_db()
        assert len(self.running) <= self.limits.parallel
        assert self.session.open_attempts == len(self.running)
        opened = Counter(each.run for each in self.running)
        for run in Run.objects.all():
            most = 1 if run.order == Order.SEQUENTIAL else run.max_parallel
            assert opened[run.pk] <= most
            assert run.open_attempts == opened[run.pk]
        self._order()
        self._samples(begun, still)
        self._zero_yields()
        self._counts()

    def _order(self) -> None:
        """A sequential run offers its next index only; one that is offered again is still the next."""
        for run in Run.objects.filter(order=Order.SEQUENTIAL):
            indexes = [each.phase_index for each in self.starts if each.run == run.pk]
            assert indexes == sorted(indexes)

    def _samples(self, begun: list[StartedAttempt], still: list[StartedAttempt]) -> None:
        """Nothing of a run starts beside its sample."""
        tiers = dict(SessionRun.objects.values_list("run_id", "tier"))
        opened = Counter(each.run for each in (*begun, *still))
        for run, tier in tiers.items():
            if tier in ("0", "2"):
                assert opened[run] <= 1

    def _zero_yields(self) -> None:
        """The rule trips at exactly the attempt that reaches it, in the order in which attempts are numbered."""
        most = self.limits.max_consecutive_zero_yield
        numbers = dict(
            Attempt.objects.filter(outcome__isnull=False).values_list("id", "finish_number")
        )
        ordered = sorted(self.ended, key=lambda pair: numbers[pair[0].attempt] or 0)
        assert [pair[0].attempt for pair in ordered] == [pair[0].attempt for pair in self.ended]
        if most is None:
            return
        tally, tripped = SessionTally(), None
        for started, ended in ordered:
            decision = ended.decision
            tally = tally.after(
                self.limits, Ended(decision.outcome, telemetry=decision.telemetry_count)
            )
            if tripped is None and tally.zero_yields >= most:
                tripped = started.attempt
        if self.session.stop_reason == "max_consecutive_zero_yield":
            assert self.session.stop_attempt_id == tripped
        elif tripped is not None:
            assert self.session.stop_reason  # another rule was first

    def _counts(self) -> None:
        counts = session_counts(self.session.pk)
        found = Counter(ended.decision.outcome for _, ended in self.ended)
        assert counts["complete"] == found[Outcome.COMPLETE]
        assert counts["lost"] == found[Outcome.LOST]
        assert counts["failed"] == found[Outcome.FAILED] + found[Outcome.TIMEOUT]
        waiting = Candidate.objects.filter(session=self.session, status="waiting")
        assert counts["waiting"] == waiting.count()
        for run in SessionRun.objects.all():
            first = waiting.filter(session_run=run).order_by("position").first()
            assert first is None or run.head_position == first.position
            assert run.waiting == waiting.filter(session_run=run).count()


def explore(data: st.DataObject) -> None:
    """One example, whose rows are taken back."""
    with suppress(UndoneError), transaction.atomic():
        example = Example(data)
        stopped_with: int | None = None
        for _ in range(data.draw(st.integers(2, 8), "rounds")):
            example.step(data)
            if stopped_with is not None:
                assert len(example.starts) == stopped_with
            if example.session.state == "stopping":
                stopped_with = len(example.starts)
        raise UndoneError


ANY_ORDER: dict[str, Any] = {
    "deadline": None,
    "phases": [
        Stage.explicit,
        Stage.reuse,
        Stage.generate,
    ],  # an example takes too long to be made smaller
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


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
    asked = Asked(SessionScope(), given_limits, "os:t@h", Origin.COMMAND)
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
