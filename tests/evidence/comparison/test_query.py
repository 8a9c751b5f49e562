"""Two sides read in one statement come to what their definition says, attempt by attempt."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from drain.evidence.comparison.query import Question, read_pairs, read_side
from drain.evidence.comparison.sides import (
    FAILURES,
    RATED,
    UNCOUNTED,
    Side,
    before_session,
    of_session,
    of_source,
    of_window,
)
from drain.evidence.statistics.sequence import Observation, Spread
from drain.evidence.statistics.yields import Flow
from drain.models import Attempt, Candidate
from drain.models.vocabulary import Outcome
from tests.factories import (
    NOON,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def fleet():
    """Attempts of every outcome that meet in time, in drains and in plans; numbers do not follow time."""
    dice = random.Random(1998)
    sources = [SourceFactory(), SourceFactory()]
    phases = [PhaseFactory(run=RunFactory(source=dice.choice(sources))) for _ in range(40)]
    sessions = [SessionFactory(started_at=NOON + HOUR * n) for n in (0, 2)]
    for phase in phases:
        for session in sessions:
            if dice.random() < 0.6:
                key = dice.choice(["a", "b", ""])
                CandidateFactory(session=session, run=phase.run, phase=phase, fingerprint=key)
    Attempt.objects.bulk_create(
        _attempt(dice, phase, number, sessions) for phase in phases for number in range(1, 8)
    )
    return sources, sessions


def _attempt(dice, phase, number, sessions):
    started = NOON + HOUR * dice.randrange(-3, 5)
    outcome = dice.choice([None, *Outcome.values]) if number == 1 else dice.choice(Outcome.values)
    finished = started + timedelta(seconds=dice.random() * 90) if outcome else None
    return Attempt(
        phase=phase,
        run=phase.run,
        session=dice.choice([None, *sessions]),
        number=number,
        outcome=outcome,
        started_at=started,
        finished_at=finished,
        fingerprint=dice.choice(["a", "b", "c", ""]),
        telemetry_count=dice.randrange(3),
        zero_yield_reason=dice.choice(["", "timeout"]),
    )


def test_every_kind_of_side_and_pair_is_what_its_attempts_say(fleet):
    (source, other), (first, second) = fleet
    fix = Side("", until=NOON, to_inclusive=True), Side("", since=NOON, after_only=True)
    asked = [
        Question(*fix),
        Question(before_session(second), of_session(second)),
        Question(of_session(first), of_session(second), from_plan=False),
        Question(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + 9 * HOUR)),
        Question(of_source(source), of_source(other)),
        Question(of_source(source), of_session(first)),
        Question(of_window(NOON - 9 * HOUR, NOON - 8 * HOUR), of_session(first)),
        Question(_about(fix[0], "a"), _about(fix[1], "a")),
        Question(_about(replace(fix[0], source=source.pk), "b", "c"), _about(fix[1], "b", "c")),
        Question(_about(of_session(first), "b"), _about(fix[1], "a")),
        Question(_about(fix[0], "a"), fix[1]),
        Question(_about(before_session(second), "a"), _about(fix[1], "a")),
    ]
    found = read_pairs(asked)
    assert len(found) == len(asked)
    for question, read in zip(asked, found, strict=True):
        for side, got in ((question.before, read.before), (question.after, read.after)):
            assert _summed(got) == _counted(side)
        *counts, spread, flow = _summed(read.after)
        # The database adds sums up in an order of its own.
        assert _summed(read_side(question.after)) == (
            *counts,
            pytest.approx(spread),
            pytest.approx(flow),
        )
        moves = Counter(
            {(m.was, m.was_key, m.became, m.became_key, m.from_plan): m.phases for m in read.moves}
        )
        assert moves == _moves(question)
    assert any(move.from_plan for read in found for move in read.moves)
    assert sum(len(read.moves) for read in found) > 40


def _about(side, *keys):
    """The same, of phases that had failed by one of these keys."""
    return replace(side, touched=keys)


def _summed(got):
    ways: Counter[tuple[object, ...]] = Counter()
    for one in got.endings:
        ways[one.outcome, one.key, one.events, one.reason] += one.attempts
    return ways, sum(one.microseconds for one in got.endings), got.phases, got.spread, got.flow


def _counted(side):
    found = _attempts(side)
    ways = Counter(
        (a.outcome, a.fingerprint, a.telemetry_count, a.zero_yield_reason) for a in found
    )
    took = sum((a.finished_at - a.started_at) // timedelta(microseconds=1) for a in found)
    phases = len({a.phase_id for a in found if a.outcome not in UNCOUNTED})
    rated = [Observation(a.run_id, a.outcome != "complete") for a in found if a.outcome in RATED]
    runs: dict[int, tuple[float, float]] = {}
    for a in found:
        if a.outcome not in UNCOUNTED:
            events, minutes = runs.get(a.run_id, (0, 0))
            spent = (a.finished_at - a.started_at) / timedelta(minutes=1)
            runs[a.run_id] = events + a.telemetry_count, minutes + spent
    flow = pytest.approx(Flow.of(runs.values()))
    return ways, took, phases, pytest.approx(Spread.of(rated)), flow


def _attempts(side):
    """The ended attempts of a side, oldest first."""
    found = Attempt.objects.filter(finished_at__isnull=False).select_related("run")
    planned = {c.phase_id for c in Candidate.objects.filter(session=side.plan_of)}
    about = {c.phase_id for c in Candidate.objects.filter(fingerprint__in=side.touched)}
    about |= {a.phase_id for a in found if a.fingerprint in side.touched and a.outcome in FAILURES}
    return [
        a
        for a in found.order_by("started_at", "pk")
        if _in_time(side, a.started_at)
        and side.session in (None, a.session_id)
        and side.source in (None, a.run.source_id)
        and (side.plan_of is None or a.phase_id in planned)
        and (not side.touched or a.phase_id in about)
    ]


def _in_time(side, at):
    since = side.since is None or (at > side.since if side.after_only else at >= side.since)
    until = side.until is None or (at <= side.until if side.to_inclusive else at < side.until)
    return since and until


def _moves(question):
    """Each phase by its last rated attempt on both sides, or by the plan that first tried it."""
    before = {a.phase_id: a for a in _attempts(question.before) if a.outcome in RATED}
    tried = _attempts(question.after)
    first = {a.phase_id: a for a in reversed(tried)}
    moves: Counter[tuple[object, ...]] = Counter()
    for phase, after in {a.phase_id: a for a in tried if a.outcome in RATED}.items():
        was = before.get(phase)
        planned = None
        if was is None and question.from_plan:
            plans = Candidate.objects.filter(session=first[phase].session_id, phase=phase)
            planned = plans.first() if first[phase].session_id else None
        if was is not None:
            moves[(*_end(was), *_end(after), False)] += 1
        elif planned is not None:
            moves["failed", planned.fingerprint, *_end(after), True] += 1
    return moves


def _end(attempt):
    failed = attempt.outcome != "complete"
    return attempt.outcome, attempt.fingerprint if failed else ""
