"""Rules that a drain keeps while it runs: order, what force overrules, causes that come too often."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from drain.dashboard.drains.gauges import session_gauges
from drain.engine.queue.holds import hold
from drain.engine.sessions.replay import replay
from drain.engine.sessions.results import dropped_from_plan, session_result
from drain.engine.sessions.scope import SessionScope
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fingerprints.merging import merge
from drain.fingerprints import fingerprint
from drain.models import (
    Attempt,
    ExecutorProfile,
    Fingerprint,
    Phase,
    Run,
    SessionFingerprint,
    Source,
)
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.vocabulary import Order, Origin
from drain.policy.stopping.limits import Limits
from tests.engine.conftest import SOMEBODY, Backlog

pytestmark = pytest.mark.django_db(transaction=True)

MARK = 'echo "$DRAIN_PHASE_ID" >> "$OUT/marks"'
ALONE = f'mkdir "$OUT/lock" || echo TWO >> "$OUT/marks"; {MARK}; sleep 0.05; rmdir "$OUT/lock"'


def test_a_sequential_run_has_one_phase_at_a_time_in_order_whatever_its_parallelism(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.2)
    backlog.executor(f'{ALONE}; [ "$1" != 1 ] || [ "$DRAIN_ATTEMPT" = 2 ] || exit 75')
    backlog.run("r", 5, max_parallel=4, order=Order.SEQUENTIAL)
    backlog.drain(parallel=4)
    assert backlog.marks() == ["p0", "p1", "p1", "p2", "p3", "p4"]


def test_force_drains_a_phase_of_a_held_run(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 2)
    hold("r", "quota", SOMEBODY, timezone.now())
    phase = Phase.objects.get(phase_id="p1")
    session = backlog.drain(backlog.session(scope=SessionScope(phase=phase.pk, force=True)))
    assert session_result(session)["complete"] == 1
    assert backlog.marks() == ["p1"]


def causes(*found: str) -> None:
    """The causes that phases are known by, in the order of their keys."""
    for phase, cause in zip(Phase.objects.order_by("pk"), found, strict=True):
        Phase.objects.filter(pk=phase.pk).update(last_fingerprint=cause)


@pytest.mark.parametrize("known_by", ["", "a" * 32])
def test_a_new_cause_that_comes_too_often_leaves_alone_what_would_meet_it(
    backlog: Backlog, known_by: str
) -> None:
    backlog.executor('echo "ValueError: broken" >&2; exit 1')
    for number in range(12):
        backlog.run(f"r{number}", 1)
    Phase.objects.update(last_fingerprint=known_by)
    limits: dict[str, Any] = {"max_session_fingerprint_repeats": 5, "max_attempts_per_phase": 1}
    session = backlog.drain(**limits)
    assert session_result(session)["failed"] == 5
    assert dropped_from_plan(session.pk) == {"fingerprint_stopped": 7}
    assert replay(session, Limits(batch_size=1000, **limits)).skipped == 0
    fewer = Limits(batch_size=1000, **{**limits, "max_session_fingerprint_repeats": 2})
    assert replay(session, fewer).skipped == 3


def test_a_cause_of_which_something_completed_goes_on(backlog: Backlog) -> None:
    """Phases known by one cause that met another: only where all that was tried failed, the rest is left."""
    backlog.executor('[ "$DRAIN_RUN_ID" = r0 ] || { echo "ValueError: broken" >&2; exit 1; }')
    for number in range(6):
        backlog.run(f"r{number}", 1)
    causes("a", "a", "a", "a", "b", "b")
    session = backlog.drain(max_session_fingerprint_repeats=2, max_attempts_per_phase=1)
    assert dropped_from_plan(session.pk) == {"fingerprint_stopped": 1}
    assert Attempt.objects.filter(outcome="failed").count() == 4


@pytest.mark.parametrize("well", ["r[0-4]", "r[5-9]"])
def test_what_one_source_does_with_a_cause_neither_condemns_nor_excuses_another(
    backlog: Backlog, well: str
) -> None:
    """One crashes on all of its phases, the other heals all: each is left alone or goes on by its own."""
    backlog.executor(
        f'case "$DRAIN_RUN_ID" in {well}) ;; *) echo "ValueError: broken" >&2; exit 1 ;; esac'
    )
    for number in range(10):
        backlog.run(f"r{number}", 1)
    for place in ("r[0-4]", "r[5-9]"):
        source = Source.objects.create(name=place, kind="files")
        Run.objects.filter(run_id__regex=place).update(source=source)
    Phase.objects.update(last_fingerprint="a" * 32)
    limits: dict[str, Any] = {"max_session_fingerprint_repeats": 2, "max_attempts_per_phase": 1}
    session = backlog.drain(**limits)
    result = session_result(session)
    assert (result["complete"], result["failed"]) == (5, 2)
    assert dropped_from_plan(session.pk) == {"fingerprint_stopped": 3}
    assert replay(session, Limits(batch_size=1000, **limits)).skipped == 0


# The same error with its place and without it, and one of the same words at another place.
HERE = """printf 'Traceback (most recent call last):\\n  File "job.py", line 7, in load\\nValueError: broken\\n' >&2"""
THERE = HERE.replace("load", "save")
SOMEWHERE = "echo 'ValueError: broken' >&2"


@pytest.mark.parametrize(
    ("ways", "failed"),
    [
        ([HERE, SOMEWHERE], 3),  # may be one: the third ends it
        ([SOMEWHERE, HERE, THERE], 4),  # what names no place may be both, which are not one another
        ([HERE, THERE], 5),  # both places are known: two causes, and the third of the first ends it
    ],
)
def test_what_may_be_one_failure_counts_against_one_limit(
    backlog: Backlog, ways: list[str], failed: int
) -> None:
    turns = "\n".join(f"{at}) {way};;" for at, way in enumerate(ways))
    backlog.executor(f"case $(( ${{DRAIN_RUN_ID#r}} % {len(ways)} )) in\n{turns}\nesac; exit 1")
    for number in range(8):
        backlog.run(f"r{number}", 1)
    limits: dict[str, Any] = {"max_session_fingerprint_repeats": 3, "max_attempts_per_phase": 1}
    session = backlog.drain(**limits)
    assert session_result(session)["failed"] == failed
    assert replay(session, Limits(batch_size=1000, **limits)).skipped == 0


NAMES = ("AlphaError: of the first", "BetaError: and another", "GammaError: or the third one")


def merged(*pairs: tuple[int, int]) -> None:
    """Each first of NAMES counts for the second from now on, in this order."""
    now = timezone.now()
    record_fingerprints([SeenFingerprint(fingerprint(name), name, now, now) for name in NAMES])
    known = [Fingerprint.objects.get(key=fingerprint(name).key).pk for name in NAMES]
    for source, target in pairs:
        assert merge(known[source], known[target], By("ada", Origin.BROWSER, now))


@pytest.mark.parametrize(
    ("pairs", "failed"),
    [
        ([], 7),  # three of each, the third of the first ends it
        ([(1, 0)], 4),  # a, b, c, a: the second a is the third of both
        ([(1, 0), (0, 2)], 3),
        ([(0, 1), (2, 1)], 3),
    ],
)
def test_merged_failures_count_against_one_limit(
    backlog: Backlog, pairs: list[tuple[int, int]], failed: int
) -> None:
    turns = " ".join(f'{at}) echo "{name}" >&2;;' for at, name in enumerate(NAMES))
    backlog.executor(f"case $(( $1 % 3 )) in {turns} esac; exit 1")
    backlog.run("r", 9)
    merged(*pairs)
    session = backlog.drain(max_attempts_per_phase=1, max_fingerprint_repeats=3)
    assert session_result(session)["failed"] == failed
    assert dropped_from_plan(session.pk) == {"run_stopped": 9 - failed}
    limits = Limits(batch_size=1000, max_attempts_per_phase=1, max_fingerprint_repeats=3)
    assert replay(session, limits).skipped == 0
    counts = {"most_timeouts": 0, "phases": 9}
    gauges = session_gauges(session, limits, counts, timezone.now())
    (gauge,) = (each for each in gauges if each.name == "Fingerprint repeats")
    assert (gauge.observed, gauge.tripped) == (3, True)


def test_what_was_counted_before_a_merge_counts_after_it(backlog: Backlog) -> None:
    backlog.executor(f'echo "{NAMES[0]}" >&2; exit 1')
    run = backlog.run("r", 4)
    session = backlog.session(max_attempts_per_phase=1, max_fingerprint_repeats=3)
    SessionFingerprint.objects.create(
        session=session, run_pk=run.pk, key=fingerprint(NAMES[1]).key, count=2
    )
    merged((1, 0))
    assert session_result(backlog.drain(session))["failed"] == 1


def test_phases_known_by_what_may_be_a_failure_that_came_too_often_are_left_alone(
    backlog: Backlog,
) -> None:
    backlog.executor(f'[ "$DRAIN_RUN_ID" = r0 ] || {{ {HERE}; exit 1; }}')
    for number in range(6):
        backlog.run(f"r{number}", 1)
    known, now = fingerprint("ValueError: broken"), timezone.now()
    record_fingerprints([SeenFingerprint(known, "ValueError: broken", now, now)])
    Phase.objects.update(last_fingerprint=known.key)
    limits: dict[str, Any] = {"max_session_fingerprint_repeats": 2, "max_attempts_per_phase": 1}
    session = backlog.drain(**limits)
    assert not Attempt.objects.filter(fingerprint=known.key).exists()
    assert dropped_from_plan(session.pk) == {"fingerprint_stopped": 3}
    assert replay(session, Limits(batch_size=1000, **limits)).skipped == 0
    one = Limits(batch_size=1000, **{**limits, "max_session_fingerprint_repeats": 1})
    assert replay(session, one).skipped == 1


def test_a_run_without_an_executor_is_left_out_and_the_others_run(backlog: Backlog) -> None:
    profile = backlog.executor(MARK, is_default=False)
    backlog.run("with", 1)
    backlog.run("without", 2)
    Run.objects.filter(run_id="with").update(executor=profile)
    assert not ExecutorProfile.objects.filter(is_default=True).exists()
    session = backlog.drain()
    result = session_result(session)
    assert (result["complete"], result["excluded"]) == (1, {"no_executor": 2})
    assert session.ledger == {"no_executor": 2}
