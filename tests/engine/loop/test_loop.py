"""Draining: every selected phase runs once, is booked once, and the books add up."""

from __future__ import annotations

import pytest

from drain.engine.queue.clearing import requeue
from drain.engine.sessions.results import dropped_from_plan, session_result
from drain.engine.sessions.scope import SessionScope
from drain.models import (
    Attempt,
    Candidate,
    Dependency,
    Fingerprint,
    Hold,
    HourlyRollup,
    Phase,
    Run,
    TelemetryEvent,
    Transition,
)
from drain.policy.stopping.limits import KeyLevel
from tests.engine.conftest import SOMEBODY, Backlog

pytestmark = pytest.mark.django_db(transaction=True)

MARK = 'echo "$DRAIN_PHASE_ID" >> "$OUT/marks"'


def states(run: str) -> list[str]:
    return list(
        Phase.objects.filter(run__run_id=run)
        .order_by("phase_index")
        .values_list("state", flat=True)
    )


def test_failed_phases_run_although_one_is_queued(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", ["COMPLETE", "FAILED", "FAILED", "QUEUED"])
    session = backlog.drain()
    result = session_result(session)
    assert backlog.marks() == ["p1", "p2"]
    assert (result["state"], result["processed"], result["complete"]) == ("finished", 2, 2)
    assert result["before"] == {"COMPLETE": 1, "FAILED": 2, "QUEUED": 1}
    assert result["after"] == {"COMPLETE": 3, "QUEUED": 1}


def test_every_attempt_leaves_its_books(backlog: Backlog) -> None:
    backlog.executor(
        f"""{MARK}; echo '{{"event":"telemetry","kind":"tokens","actual_tokens":7}}' >> "$DRAIN_REPORT"; echo done"""
    )
    backlog.run("r", 1)
    backlog.drain()
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.exit_code, attempt.telemetry_count) == ("complete", 0, 1)
    assert attempt.log_bytes == 5
    assert TelemetryEvent.objects.get().actual_tokens == 7
    hour = HourlyRollup.objects.get()
    assert (hour.outcome, hour.attempts, hour.telemetry_events) == ("complete", 1, 1)
    moves = Transition.objects.filter(subject="phase").order_by("pk")
    assert list(moves.values_list("from_state", "to_state")) == [
        ("FAILED", "EXECUTING"),
        ("EXECUTING", "COMPLETE"),
    ]
    assert Run.objects.get().open_attempts == 0


def test_a_failure_becomes_the_reason_and_the_fingerprint_of_its_phase(backlog: Backlog) -> None:
    backlog.executor("echo \"ModuleNotFoundError: No module named 'praw'\" >&2; exit 1")
    backlog.run("r", 1)
    backlog.drain()
    phase, cause = Phase.objects.get(), Fingerprint.objects.get()
    assert phase.state == "FAILED"
    assert "praw" in phase.last_failure_reason
    assert phase.last_fingerprint == cause.key == Attempt.objects.get().fingerprint
    assert cause.category == "import"


def test_the_same_failure_three_times_leaves_the_rest_of_its_run_alone(backlog: Backlog) -> None:
    backlog.executor('echo "ValueError: broken" >&2; exit 1')
    backlog.run("bad", 8)
    session = backlog.drain()
    assert session_result(session)["failed"] == 3
    assert session_result(session)["excluded"] == {"run_stopped": 5}


def test_two_timeouts_leave_a_run_alone(backlog: Backlog) -> None:
    backlog.executor("sleep 30", timeout_seconds=0.3)
    backlog.run("slow", 4)
    session = backlog.drain()
    result = session_result(session)
    assert (result["timeouts"], result["failed"]) == (2, 2)
    assert result["excluded"] == {"run_timeouts": 2}


def test_a_run_of_one_at_a_time_never_runs_two_whatever_the_parallelism(backlog: Backlog) -> None:
    backlog.executor(
        f'mkdir "$OUT/lock" || echo TWO >> "$OUT/marks"; {MARK}; sleep 0.05; rmdir "$OUT/lock"'
    )
    backlog.run("r", 10)
    backlog.drain(parallel=4)
    assert sorted(backlog.marks()) == sorted(f"p{n}" for n in range(10))


def test_repeats_are_exact_with_eight_loops(backlog: Backlog) -> None:
    backlog.executor('sleep 0.1; echo "ValueError: broken" >&2; exit 1')
    backlog.run("bad", 40, max_parallel=8)
    session = backlog.drain(parallel=8)
    assert 3 <= session_result(session)["failed"] <= 3 + 7


@pytest.mark.parametrize(
    ("level", "modules", "excluded"),
    [
        ("key", "alpha beta gamma", {}),
        ("coarse", "alpha beta gamma", {"fingerprint_stopped": 1}),
        ("fine", "alpha alpha alpha", {"fingerprint_stopped": 1}),
    ],
)
def test_a_cause_that_failed_often_enough_is_left_alone_at_the_level_asked_for(
    backlog: Backlog, level: str, modules: str, excluded: dict[str, int]
) -> None:
    module = (
        f'set -- {modules}; shift "$DRAIN_RUN_ID"; echo "ModuleNotFoundError: No module named $1"'
    )
    backlog.executor(f"{module}; exit 1")
    for number in range(3):
        backlog.run(str(number), 1)
    backlog.drain(max_attempts_per_phase=1)
    session = backlog.drain(
        max_attempts_per_phase=1,
        max_session_fingerprint_repeats=2,
        key_level=KeyLevel(level),
    )
    assert dropped_from_plan(session.pk) == excluded
    assert session_result(session)["processed"] == 3 - sum(excluded.values())


def test_a_retryable_phase_comes_again_at_the_end(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    backlog.executor(f'{MARK}; [ "$1" != 0 ] || [ "$DRAIN_ATTEMPT" = 2 ] || exit 75')
    backlog.run("r", 3)
    result = session_result(backlog.drain())
    assert backlog.marks() == ["p0", "p1", "p2", "p0"]
    assert (result["retryable"], result["complete"], result["failed"]) == (1, 3, 0)


def test_a_prerequisite_runs_first_and_its_failure_excludes_what_depends_on_it(
    backlog: Backlog,
) -> None:
    backlog.executor(f'{MARK}; [ "$1" != 1 ] || exit 1')
    backlog.run("r", 2)
    first, second = Phase.objects.order_by("phase_index")
    Dependency.objects.create(phase=first, prerequisite=second)
    session = backlog.drain()
    assert backlog.marks() == ["p1"]
    left = Candidate.objects.get(session=session, phase=first)
    assert (left.status, left.reason) == ("excluded", "waits_for_dependency")


def test_a_hold_set_while_the_session_runs_counts_at_the_next_start(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 3)
    session = backlog.session()
    Hold.objects.create(kind="run", value="r", reason="no", created_by="x", origin="command")
    backlog.drain(session)
    assert backlog.marks() == []
    assert session_result(session)["excluded"] == {"run_held": 3}
    assert session.state == "finished"


def test_a_phase_cleared_since_the_plan_is_not_run(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 2)
    session = backlog.session()
    Phase.objects.filter(phase_id="p0").update(state="COMPLETE")
    backlog.drain(session)
    assert backlog.marks() == ["p1"]
    left = Candidate.objects.get(session=session, phase__phase_id="p0")
    assert (left.reason, left.detail) == ("no_longer_failed", "is COMPLETE by now")


def test_a_phase_that_somebody_moved_on_names_who_did(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", 1)
    session = backlog.session()
    requeue([Phase.objects.get().pk], "elsewhere", SOMEBODY)
    backlog.drain(session)
    left = Candidate.objects.get(session=session)
    assert (left.reason, left.detail) == (
        "no_longer_failed",
        "is QUEUED by now (requeue, os:test@host)",
    )


def test_a_failed_preflight_starts_nothing_and_shows_why(backlog: Backlog) -> None:
    backlog.executor(MARK, preflight="/bin/sh -c 'echo broken import; exit 3'")
    backlog.run("r", 3)
    session = backlog.drain()
    assert (session.state, session.stop_reason) == ("refused", "preflight_failed")
    assert "broken import" in session.preflight["script"]["output"]
    assert backlog.marks() == []


def test_phases_of_a_parallel_run_are_all_booked_although_they_end_together(
    backlog: Backlog,
) -> None:
    backlog.executor(MARK)
    backlog.run("r", 9, max_parallel=4)
    result = session_result(backlog.drain(parallel=8))
    assert result["complete"] == 9
    assert sorted(backlog.marks()) == sorted(f"p{n}" for n in range(9))
    assert Run.objects.get().open_attempts == 0


def test_a_sample_that_fails_stops_the_session_with_a_card(backlog: Backlog) -> None:
    backlog.executor('echo "ValueError: $1" >&2; exit 1')
    for number in range(4):
        backlog.run(f"r{number}", 2)
    session = backlog.drain(sample=2, sample_passes=1)
    assert (session.state, session.stop_reason) == ("stopped", "sample_failed")
    assert session_result(session)["processed"] == 2
    assert session.stop_attempt is not None


def test_zero_yield_in_a_row_stops_the_session(backlog: Backlog) -> None:
    backlog.executor("true")
    backlog.run("r", 6)
    session = backlog.drain(max_consecutive_zero_yield=4)
    assert (session.state, session.stop_reason) == ("stopped", "max_consecutive_zero_yield")
    assert session_result(session)["processed"] == 4
    assert "4" in session.stop_card["sentence"]


def test_a_command_that_cannot_start_is_a_failure_with_a_sentence(backlog: Backlog) -> None:
    profile = backlog.executor("true")
    profile.argv = ["/bin/echo", "{params[part]}" * 60]
    profile.save()
    backlog.run("r", 1)
    Phase.objects.update(params={"part": "x" * 3000})
    backlog.drain()
    assert "Argument list too long" in Phase.objects.get().last_failure_reason


def test_output_of_any_bytes_is_recorded(backlog: Backlog) -> None:
    backlog.executor(r"printf 'a\000b\377\033[31mred'; head -c 300000 /dev/zero; exit 1")
    backlog.run("r", 1)
    backlog.drain()
    attempt = Attempt.objects.get()
    assert attempt.outcome == "failed"
    assert attempt.log_bytes > 300_000
    assert "\x00" not in attempt.error


def test_one_queued_phase_can_be_drained_by_name(backlog: Backlog) -> None:
    backlog.executor(MARK)
    backlog.run("r", ["FAILED", "QUEUED"])
    queued = Phase.objects.get(state="QUEUED")
    backlog.drain(backlog.session(scope=SessionScope(phase=queued.pk)))
    assert backlog.marks() == ["p1"]
    assert states("r") == ["FAILED", "COMPLETE"]


def test_an_interrupted_session_resumes_with_the_same_plan_and_nothing_twice(
    backlog: Backlog,
) -> None:
    from drain.engine.inline import drain_inline
    from drain.engine.sessions.verbs import resume_session

    backlog.executor(f'{MARK}; [ "$1" != 1 ] || [ -e "$OUT/go" ] || sleep 30')
    backlog.run("r", 3)
    session = backlog.session()
    drain_inline(session, SOMEBODY, lambda: backlog.marks() == ["p0", "p1"])
    assert session.state == "interrupted"
    (backlog.folder / "go").touch()
    resume_session(session.pk, SOMEBODY, inline=True)
    drain_inline(session, SOMEBODY, lambda: False)
    assert session.state == "finished"
    assert backlog.marks() == ["p0", "p1", "p1", "p2"]
    assert states("r") == ["COMPLETE"] * 3
