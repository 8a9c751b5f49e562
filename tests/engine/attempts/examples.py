"""A small reference model of a drain: one backlog, two loops,
and all that must hold after every round of theirs.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds
from drain.engine.attempts.started import AttemptResult, EndedAttempt, StartedAttempt
from drain.engine.process.outcome import Decision
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, Candidate, DrainSession, Phase, Run, SessionRun
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.pace import windows
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.tallies import Ended, SessionTally
from tests.factories import ExecutorFactory

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
        "starts_per_minute": st.sampled_from([None, None, None, 60, 240]),
    }
)
EXECUTORS = st.fixed_dictionaries(
    {
        "max_parallel": st.sampled_from([None, None, 1, 2, 3]),
        "starts_per_minute": st.sampled_from([None, None, None, 120, 600]),
    }
)


class UndoneError(Exception):
    """Takes an example's rows back."""


def result(outcome: Outcome, telemetry: int, cause: str) -> AttemptResult:
    failed = outcome in (Outcome.FAILED, Outcome.TIMEOUT)
    text = f"ValueError: {cause}" if failed else ""
    return AttemptResult(Decision(outcome, text, text, telemetry, "", reached_limit_boundary=False))


class Example:
    """One backlog, drained by two loops whose children end when the example says so."""

    def __init__(self, data: st.DataObject) -> None:
        self.executor = ExecutorFactory(**data.draw(EXECUTORS, "executor"))
        for number, (order, most, size) in enumerate(data.draw(RUNS, "runs")):
            run = Run.objects.create(run_id=f"r{number}", order=order, max_parallel=most)
            Phase.objects.bulk_create(
                Phase(run=run, phase_id=f"p{n}", phase_index=n, state=PhaseState.FAILED)
                for n in range(size)
            )
        limits: dict[str, Any] = data.draw(LIMITS, "limits")
        self.limits = Limits(batch_size=1000, **limits)
        asked = DrainRequest(SessionScope(), self.limits, "os:t@h", Origin.COMMAND)
        self.session = create_session(asked, timezone.now())
        now = timezone.now()
        DrainSession.objects.filter(pk=self.session.pk).update(state="running", started_at=now)
        host = HostContext(environ={}, worker="h/1/w")
        host.refresh()
        self.loops = [Rounds(host, uuid4()) for _ in range(2)]
        self.running: list[StartedAttempt] = []
        self.ended: list[tuple[StartedAttempt, AttemptResult]] = []
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
        free = data.draw(st.integers(0, 8), "free")
        assert loop.write(ends, free, [self.session.pk]) == 0
        assert len(loop.begun) <= free
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
        assert len(self.running) <= min(self.limits.parallel, self.executor.max_parallel or 100)
        assert self.session.open_attempts == len(self.running)
        opened = Counter(each.run for each in self.running)
        for run in Run.objects.all():
            most = 1 if run.order == Order.SEQUENTIAL else run.max_parallel
            assert opened[run.pk] <= most
            assert run.open_attempts == opened[run.pk]
        self._pace()
        self._order()
        self._samples(begun, still)
        self._zero_yields()
        self._counts()

    def _pace(self) -> None:
        """Within any stretch of time no more have started than the drain and its executor may start in it."""
        times = [each.started_at.timestamp() for each in self.starts]
        for pace in (self.limits.starts_per_minute, self.executor.starts_per_minute):
            for most, seconds in windows(pace) if pace else ():
                for end in times:
                    assert sum(0 <= end - at < seconds for at in times) <= most

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
        """The rule trips at exactly the attempt that reaches it, in the order of their numbers."""
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
