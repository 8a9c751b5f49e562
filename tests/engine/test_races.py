"""Processes that meet, and processes that die: nothing runs twice, nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from drain.engine.sessions.results import session_result
from drain.engine.sessions.verbs import resume_session
from drain.models import Attempt, DrainSession, Phase, Run
from tests.engine.conftest import SOMEBODY, Backlog, Manage, answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

MARK = 'echo "$DRAIN_PHASE_ID" >> "$OUT/marks"'


def wait_for(path: Path, seconds: float = 300.0) -> None:
    """Until a phase has written the file; a deadline, so that a broken engine fails the test."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_two_drains_at_once_run_every_phase_exactly_once(backlog: Backlog, manage: Manage) -> None:
    backlog.executor(f"{MARK}; sleep 0.02")
    backlog.run("r", 12)
    both = [
        manage("drain", "--run-id", "r", "--inline", "--json", "--batch-size", "50")
        for _ in range(2)
    ]
    # Who comes last may find that the other has taken all.
    results = [answer(process, 0, 5) for process in both]
    assert sorted(backlog.marks()) == sorted(f"p{n}" for n in range(12))
    assert sum(result["processed"] for result in results) == 12
    assert Attempt.objects.count() == 12


def test_a_killed_worker_leaves_no_process_and_its_phase_is_drained_once(
    backlog: Backlog, manage: Manage
) -> None:
    script = f'[ -e "$OUT/second" ] || {{ sleep 60 & echo $! > "$OUT/pid.tmp"; mv "$OUT/pid.tmp" "$OUT/pid"; wait; }}; {MARK}'
    backlog.executor(script)
    backlog.run("r", 1)
    worker = manage("drain", "--inline", "--json")
    wait_for(backlog.folder / "pid")
    child = int((backlog.folder / "pid").read_text())
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    assert gone(child, 45.0)
    (backlog.folder / "second").touch()
    session = DrainSession.objects.get()
    deadline = time.monotonic() + 300
    while answer(manage("rescue", "--json", "--reason", "x"))["attempts"] == 0:
        assert time.monotonic() < deadline, "the lease never ran out"
    assert Phase.objects.get().state == "FAILED"
    assert "lost" in Phase.objects.get().last_failure_reason
    while DrainSession.objects.get().state != "interrupted":
        assert time.monotonic() < deadline, "the drain was never interrupted"
        answer(manage("rescue", "--json", "--reason", "x"))
    resume_session(session.pk, SOMEBODY, inline=True)
    backlog.drain(session)
    assert backlog.marks() == ["p0"]
    assert session_result(session)["lost"] == 1
    assert (session.state, Phase.objects.get().state) == ("finished", "COMPLETE")
    assert Run.objects.get().open_attempts == 0


def test_sigterm_ends_the_child_and_leaves_the_session_resumable(
    backlog: Backlog, manage: Manage
) -> None:
    backlog.executor('echo $$ > "$OUT/pid.tmp"; mv "$OUT/pid.tmp" "$OUT/pid"; sleep 60')
    backlog.run("r", 2)
    worker = manage("drain", "--inline", "--json")
    wait_for(backlog.folder / "pid")
    worker.send_signal(signal.SIGTERM)
    result = answer(worker, 5)
    assert (result["state"], result["stop_reason"], result["processed"]) == (
        "interrupted",
        "interrupted",
        0,
    )
    assert gone(int((backlog.folder / "pid").read_text()), 1.0)
    assert list(Phase.objects.values_list("state", flat=True)) == ["FAILED", "FAILED"]


def test_cancel_ends_what_runs_and_stop_lets_it_end(backlog: Backlog, manage: Manage) -> None:
    backlog.executor('touch "$OUT/started"; sleep 60')
    backlog.run("r", 2)
    worker = manage("drain", "--inline", "--json")
    wait_for(backlog.folder / "started")
    answer(manage("session", "cancel", str(DrainSession.objects.get().pk), "--json"))
    result = answer(worker, 5)
    assert (result["state"], result["stop_reason"]) == ("cancelled", "person")
    assert Attempt.objects.get().outcome == "cancelled"
    assert list(Phase.objects.values_list("state", flat=True)) == ["FAILED", "FAILED"]
