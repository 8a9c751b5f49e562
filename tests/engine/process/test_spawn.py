"""A child is started, watched, ended, and nothing of it is left behind."""

from __future__ import annotations

import os
import pwd
import resource
import time
from pathlib import Path
from uuid import uuid4

import pytest

from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.ended import Command, Pulse
from drain.engine.process.errors import SpawnError
from drain.engine.process.job import prepare
from drain.engine.process.outcome import decide
from drain.engine.process.output.events import Event, ProgressEvent
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_exit_code_output_and_report_come_back(run_child):
    ended = run_child(
        "sh",
        "-c",
        'echo out; echo err >&2; echo \'{"event":"state","state":"gate"}\' >> $DRAIN_REPORT; exit 3',
    )
    assert (ended.exit_code, ended.signal, ended.timed_out, ended.command) == (3, None, False, None)
    assert ended.log.tail == "out\nerr\n"
    assert ended.report.state == "gate"


def test_placeholders_and_contract_reach_the_child(run_child):
    ended = run_child(
        "sh",
        "-c",
        "echo $1 $DRAIN_RUN_ID $DRAIN_PHASE_ID $DRAIN_ATTEMPT; cat",
        "sh",
        "{phase_index}",
    )
    assert ended.log.tail == "3 run-1 phase-1 2\n"


def test_a_signal_is_told_from_an_exit(run_child):
    ended = run_child("sh", "-c", "kill -9 $$")
    assert (ended.exit_code, ended.signal) == (None, 9)


def test_no_tick_comes_before_a_second_has_passed(run_child):
    ticks: list[Pulse] = []
    run_child("true", tick=ticks.append)
    assert ticks == []


def test_a_tick_hears_what_happened_since_the_last_one(run_child, quick_ticks):
    events: list[Event] = []
    lines: list[str] = []

    def tick(pulse):
        events.extend(pulse.events)
        lines[:] = pulse.tail_lines(1)
        return Command.CANCEL if pulse.total_bytes and events else Command.CONTINUE

    report = """echo '{"event":"progress","percent":5}' >> $DRAIN_REPORT"""
    ended = run_child("sh", "-c", f"echo here; {report}; sleep 20", tick=tick)
    assert ended.command is Command.CANCEL
    assert (lines, events) == (["here"], [ProgressEvent(5.0, "")])


@pytest.mark.parametrize("command", [Command.CANCEL, Command.INTERRUPT])
def test_a_child_may_clean_up_when_it_is_ended(run_child, quick_ticks, command):
    def tick(pulse):
        return command if pulse.total_bytes else Command.CONTINUE

    ended = run_child(
        "sh", "-c", "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05; done", tick=tick
    )
    assert (ended.command, ended.exit_code) == (command, 4)
    assert ended.log.tail.endswith("bye\n")


def test_a_lost_lease_kills_at_once(run_child, quick_ticks):
    def tick(pulse):
        return Command.LOST if pulse.total_bytes else Command.CONTINUE

    ended = run_child("sh", "-c", "trap '' TERM; echo up; sleep 20", tick=tick, grace=20)
    assert (ended.command, ended.signal) == (Command.LOST, 9)
    assert ended.duration < 45


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(run_child):
    ended = run_child(
        "sh", "-c", "trap '' TERM; echo up; sleep 20; sleep 20", timeout=0.3, grace=0.3
    )
    assert (ended.timed_out, ended.signal) == (True, 9)
    assert 0.6 <= ended.duration < 45


def test_a_timeout_is_a_timeout_even_if_the_child_says_all_is_well(run_child):
    ended = run_child("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done", timeout=0.3)
    assert (ended.timed_out, ended.exit_code) == (True, 0)


def test_output_printed_just_before_the_end_is_kept(run_python):
    ended = run_python("import os; os.write(1, b'x' * 60000); os._exit(0)")
    assert ended.log.total_bytes == 60_000


def test_a_child_that_closes_its_output_is_still_waited_for(run_child):
    assert run_child("sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 6").exit_code == 6


@pytest.mark.parametrize(
    "code", ["b = b'x' * 65536", "b = bytes(65536)", "b = b'line\\xff\\n' * 10923"]
)
def test_any_amount_of_output_leaves_memory_flat(run_python, code):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = run_python(f"import os\n{code}\nfor _ in range(1600): os.write(1, b)")
    assert ended.log.total_bytes >= 100_000_000
    assert ended.log.path.stat().st_size < 34_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_an_exception_of_the_tick_kills_the_child_and_passes_through(
    run_child, quick_ticks, processes_of, worker
):
    def tick(pulse):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_child("sleep", "60", tick=tick)
    assert processes_of(worker.hex) == []


def test_a_child_that_is_not_waited_for_is_killed(job, worker, processes_of):
    with start(job("sleep", "60")) as child:
        # Its environment cannot be read in the middle of its exec.
        until = time.monotonic() + 300
        while processes_of(worker.hex) != [child.pid]:
            assert time.monotonic() < until
    assert processes_of(worker.hex) == []


@pytest.mark.parametrize(
    ("argv", "options", "sentence"),
    [
        (("no-such-command",), {}, "was not found"),
        (("/etc/passwd",), {}, "is not executable"),
        (("true",), {"cwd": "/no/such/folder"}, "The folder /no/such/folder cannot be entered"),
        (("echo", "x" * 3_000_000), {}, "cannot be started"),
    ],
)
def test_what_cannot_be_started_is_one_sentence(run_child, argv, options, sentence):
    before = open_files()
    with pytest.raises(SpawnError, match=sentence):
        run_child(*argv, **options)
    assert open_files() == before


def test_many_children_leak_nothing(run_child):
    run_child("true")
    before = open_files()
    for _ in range(200):
        run_child("true")
    assert open_files() == before


def test_a_system_without_pidfds_works_the_same(run_child, monkeypatch):
    monkeypatch.setattr("drain.engine.process.watch._pidfd", lambda pid: -1)
    assert run_child("sh", "-c", "sleep 0.1; exit 5").exit_code == 5


def test_a_profile_may_name_another_user(run_child):
    other = pwd.getpwnam("nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    ended = run_child(
        "sh",
        "-c",
        'id -u; echo \'{"event":"state","state":"gate"}\' >> "$DRAIN_REPORT"',
        os_user=other.pw_name,
        cwd="/",
    )
    assert ended.log.tail == f"{other.pw_uid}\n"
    assert ended.report.state == "gate"


def test_the_secrets_that_a_phase_was_given_are_in_nothing_it_printed_or_reported(tmp_path):
    url = "postgresql://autopack:hunter2-secret@db/autopack"
    script = (
        'echo $DATABASE_URL; echo \'{"event": "failure", "reason": "no \'$DATABASE_URL\'"}\' >> $DRAIN_REPORT;'
        "printf hunter2-; sleep 0.1; echo secret; exit 1"
    )
    profile = Profile("p", ("/bin/sh", "-c", script), env={"DATABASE_URL": url})
    contract = Contract("r", "p", 0, 1, make_claim(uuid4(), uuid4()))
    job = prepare(profile, contract, folder=tmp_path, timeout=30)
    with start(job) as child:
        ended = child.wait(carry_on)
    found = decide(ended)
    assert ended.log.tail == "postgresql://autopack:***@db/autopack\n***\n"
    assert found.reason == "no postgresql://autopack:***@db/autopack"
    assert "hunter2" not in found.fingerprint_input
