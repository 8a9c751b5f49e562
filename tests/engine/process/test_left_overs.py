"""Whatever a child starts, wherever that goes, nothing of it is left when the attempt has ended."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest

from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.ended import Command, Pulse
from drain.engine.process.job import prepare, worker_folder
from drain.engine.process.orphans import orphanage
from drain.engine.process.outcome import decide
from drain.engine.process.output.report import GROWTH_LIMIT
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start
from drain.engine.process.tree import children_of
from drainsite.postgres.postmaster import is_alive
from tests.hosts import until as wait_until


@pytest.mark.parametrize(
    "escape",
    [
        "sleep 60 &",
        "setsid sleep 60 &",
        "setsid sleep 60 >/dev/null 2>&1 &",
        "setsid sh -c 'setsid sleep 60 & sleep 60' >/dev/null 2>&1 &",
    ],
)
def test_nothing_a_child_started_outlives_it(run_child, processes_of, escape):
    ended = run_child("sh", "-c", f"{escape} sleep 0.1; echo $DRAIN_CLAIM")
    assert ended.exit_code == 0
    assert ended.duration < 45
    assert processes_of(ended.log.tail.strip()) == []


DOUBLE_FORKED = (
    "(setsid env -i sh -c 'sleep 61 & echo $$ $! > OUT; exec sleep 62' >/dev/null 2>&1 &);"
)


def pids_in(path):
    wait_until(lambda: path.exists() and len(path.read_text().split()) == 2)
    return [int(pid) for pid in path.read_text().split()]


WRITTEN = "until [ -s OUT ]; do sleep 0.02; done;"
"""Waits for the helper, which a busy machine may take long to start."""


@pytest.mark.parametrize("rest", ["", "sleep 1.5"])
def test_a_child_that_leaves_its_session_and_wipes_its_environment_does_not_outlive_it(
    run_child, tmp_path, rest
):
    out = tmp_path / "pids"
    script = f"{DOUBLE_FORKED} {WRITTEN} {rest}".replace("OUT", str(out))
    ended = run_child("sh", "-c", script)
    assert ended.exit_code == 0
    assert not [pid for pid in pids_in(out) if is_alive(pid)]


@pytest.mark.parametrize("rest", ["", "sleep 1.5"])
def test_nothing_of_another_user_is_left_in_the_care_either(run_child, tmp_path, rest):
    other = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    out = Path(tempfile.mkdtemp(prefix="drain-open-"))
    out.chmod(0o777)
    run_child("true")
    before = set(children_of(os.getpid(), os.getpid()))
    strays = f"{DOUBLE_FORKED} setsid sleep 63 & trap '' TERM; {WRITTEN}"
    strays = strays.replace("OUT", f"{out}/pids")
    try:
        ended = run_child("sh", "-c", f"{strays} {rest}", os_user=other, cwd="/")
        assert ended.exit_code == 0
        assert not [pid for pid in pids_in(out / "pids") if is_alive(pid)]
    finally:
        shutil.rmtree(out)
    assert set(children_of(os.getpid(), os.getpid())) - before == set()


def test_what_nothing_tells_apart_ends_with_the_last_that_ran_when_it_appeared(job, tmp_path):
    out = tmp_path / "pids"
    first = start(job("sleep", "0.1"))
    second = start(
        job("sh", "-c", f"{DOUBLE_FORKED.replace('OUT', str(out))} read x < '{tmp_path / 'go'}'")
    )
    third = start(job("sleep", "60"))
    os.mkfifo(tmp_path / "go")
    helper = pids_in(out)
    first.wait(carry_on)
    assert all(is_alive(pid) for pid in helper), "ended with an attempt that it need not belong to"
    third.kill()
    assert all(is_alive(pid) for pid in helper)
    second.kill()
    assert not [pid for pid in helper if is_alive(pid)]


def test_a_helper_whose_parent_was_seen_ends_with_its_own_attempt_alone(job, tmp_path, quick_ticks):
    out = tmp_path / "pids"
    go = tmp_path / "go"
    os.mkfifo(go)
    script = f"({DOUBLE_FORKED.replace('OUT', str(out)).strip('();')} read x < {go}) & sleep 60"
    other = start(job("sleep", "60"))
    mine = start(job("sh", "-c", script))
    helper = pids_in(out)
    orphanage()._next_scan = 0.0
    orphanage().scan()
    go.write_text("")
    wait_until(lambda: helper[0] in children_of(os.getpid(), os.getpid()))
    mine.kill()
    assert not [pid for pid in helper if is_alive(pid)]
    assert is_alive(other.pid)
    other.kill()


def test_a_process_that_this_one_started_for_itself_is_nobodys_orphan(run_child):
    run_child("true")  # what was there before is nobody's anyway
    own = subprocess.Popen(["sleep", "60"])
    try:
        assert run_child("true").exit_code == 0
        assert own.poll() is None
    finally:
        own.kill()
        own.wait()


def test_a_survivor_that_floods_the_pipe_cannot_hold_us(run_child):
    ended = run_child("sh", "-c", "setsid sh -c 'while :; do echo flood; done' & sleep 0.2")
    assert ended.exit_code == 0
    assert ended.duration < 45


@pytest.mark.parametrize(
    "made",
    ["echo {} >> $DRAIN_REPORT", "mkdir -p $DRAIN_REPORT/x", "ln -s /etc/passwd $DRAIN_REPORT"],
)
def test_whatever_a_phase_made_of_its_report_is_gone_when_it_has_ended(run_child, folder, made):
    run_child("sh", "-c", made)
    assert list(folder.iterdir()) == []
    assert Path("/etc/passwd").exists()


def test_a_report_that_is_written_without_end_does_not_fill_the_disk(job, folder, quick_ticks):
    script = "while :; do head -c 4000000 /dev/zero; done >> $DRAIN_REPORT"
    sizes: list[int] = []

    def look(pulse: Pulse) -> Command:
        sizes.extend(path.stat().st_blocks * 512 for path in folder.glob("*.report.jsonl"))
        return Command.CONTINUE if pulse.elapsed < 2 else Command.CANCEL

    ended = start(job("sh", "-c", script)).wait(look)
    assert "longer than" in (ended.report.problem or "")
    written = f"{max(sizes):,} bytes at most over {len(sizes)} looks"
    assert min(sizes[len(sizes) // 2 :]) < GROWTH_LIMIT, written
    assert list(folder.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own with 2 MB; only root can make one."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "drain", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.verify
def test_a_full_disk_never_turns_a_reported_failure_into_success(small_disk, worker):
    folder = worker_folder(small_disk, worker)
    script = """
head -c 3000000 /dev/zero > "$(dirname "$DRAIN_REPORT")/filler" 2>/dev/null
echo '{"event":"outcome","outcome":"failed"}' >> "$DRAIN_REPORT"
exit 0
"""
    contract = Contract("r", "p", 0, 1, make_claim(worker, uuid4()), {})
    profile = Profile("t", ("sh", "-c", script))
    ended = start(prepare(profile, contract, folder=folder, timeout=30)).wait(carry_on)
    assert ended.exit_code == 0
    decision = decide(ended)
    assert decision.outcome == "retryable"
    assert "disk that holds the report is full" in decision.reason
    assert "disk that holds the report is full" in ended.log.tail
