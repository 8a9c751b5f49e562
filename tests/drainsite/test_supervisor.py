"""The supervisor with real processes: restarts, deadlines, and nothing left behind."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from drain.engine.process.tree import children_of
from drainsite.postgres.postmaster import is_alive
from drainsite.supervisor import supervisor
from drainsite.supervisor.adopted import is_left
from drainsite.supervisor.supervisor import ChildSpec, LeftoverError, Supervisor

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import os, sys
from pathlib import Path
from drainsite.supervisor.supervisor import ChildSpec, Supervisor
place = Path(sys.argv[1])
spec = ChildSpec(
    "sleeper", [sys.executable, "-c", sys.argv[2], str(place)], dict(os.environ),
    grace_seconds=float(sys.argv[3]), startup_seconds=0.0, probe_seconds=0.1, sick_grace_seconds=0.5,
    healthy=lambda _child: not (place / "sick").exists(),
)
Supervisor([spec], lambda line: print(line, flush=True)).run()
print("stopped", flush=True)
"""
# Notes its pid, starts a child of its own, and waits.
SLEEPER = """
import os, pathlib, subprocess, sys, time
place = pathlib.Path(sys.argv[1])
child = subprocess.Popen(["sleep", "600"])
for pid in (os.getpid(), child.pid):
    (place / f"pid-{pid}").touch()
print("hello", flush=True)
time.sleep(600)
"""
# Leaves a process of another session behind, as a killed worker does;
# `env -i` leaves it nothing that tells whose it is.
LEAVER = (
    """
import pathlib, subprocess, sys
note = "echo $$ > %s/left-{0}; exec sleep 600" % sys.argv[1]
for name, mark in (("nameless", ""), ("ours", "DRAINSITE_OWN=server")):
    subprocess.run(["sh", "-c", "setsid env -i %s sh -c '%s' >/dev/null 2>&1 &" % (mark, note.format(name))])
subprocess.run(["sh", "-c", "sh -c '%s' >/dev/null 2>&1 &" % note.format("mine")])
"""
    + SLEEPER
)
# The same as another user; it is one before it is an orphan.
OTHER_LEAVER = (
    """
import os, pathlib, subprocess, sys
leave = """
    + repr("""
setsid setpriv --reuid games --clear-groups env -i sleep 600 >/dev/null 2>&1 &
until [ "$(stat -c %U /proc/$!)" = games ]; do sleep 0.01; done
echo $! > "$1/left-other"
""")
    + """
subprocess.run(["sh", "-c", leave, "sh", sys.argv[1]])
"""
    + SLEEPER
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER


def until(truth: Callable[[], object], seconds: float = 300) -> None:
    """Wait for something that must become true."""
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


class Site:
    """A supervisor in a process of its own, with one child that has a child."""

    def __init__(
        self, place: Path, program: str = SLEEPER, grace: float = 30, prefix: Sequence[str] = ()
    ) -> None:
        self.place = place
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", RUN, str(place), program, str(grace)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        until(lambda: len(self.pids()) == 2)

    def pids(self) -> set[int]:
        return {int(path.name.removeprefix("pid-")) for path in self.place.glob("pid-*")}

    def stand_in(self) -> int:
        return children_of(self.process.pid, self.process.pid)[0]

    def gone(self, pids: set[int]) -> bool:
        return not any(is_alive(pid) for pid in pids)

    def end(self) -> str:
        """Ask it to stop; what it printed."""
        self.process.terminate()
        return self.process.communicate(timeout=300)[0]


@pytest.fixture
def site(tmp_path):
    sites: list[Site] = []

    def start(**options) -> Site:
        sites.append(Site(tmp_path, **options))
        return sites[-1]

    yield start
    for one in sites:
        one.process.kill()
        one.process.communicate()
        for pid in one.pids():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_stop_ends_the_child_with_its_own_children(site):
    running = site()
    output = running.end()
    assert running.gone(running.pids())
    assert "sleeper     | hello\n" in output
    said = "Stopping: what runs is ended first; Ctrl-C again kills it at once.\n"
    assert output.endswith(f"{said}stopped\n")
    assert running.process.returncode == 0


def test_a_killed_supervisor_leaves_no_process(site):
    running = site()
    running.process.kill()
    until(lambda: running.gone(running.pids()))


def test_what_dies_is_said_in_one_line_and_started_again(site):
    running = site()
    before = running.pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(running.pids()) == 4)
    assert "sleeper     | ended with code 137: again in 0.5 s\n" in running.end()


def test_what_no_longer_answers_is_ended_and_started_again(site):
    running = site()
    before = running.pids()
    (running.place / "sick").touch()
    until(lambda: running.gone(before))
    (running.place / "sick").unlink()
    until(lambda: running.pids() - before and not running.gone(running.pids() - before))
    assert "does not answer" in running.end()


def test_what_is_sick_and_ignores_the_request_has_a_deadline_of_its_own(site):
    running = site(program=STUBBORN, grace=600)
    before = running.pids()
    (running.place / "sick").touch()
    until(lambda: running.gone(before))
    (running.place / "sick").unlink()


def test_a_child_that_ignores_the_request_is_killed_at_its_deadline(site):
    running = site(program=STUBBORN, grace=0.5)
    running.end()
    assert running.gone(running.pids())


def test_a_second_request_hurries(site):
    running = site(program=STUBBORN, grace=600)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.5)  # two signals at once would be one
    running.process.send_signal(signal.SIGINT)
    running.process.communicate(timeout=300)
    assert running.gone(running.pids())


def test_killing_the_stand_in_leaves_nothing_of_its_program_beside_the_new_one(site):
    running = site()
    before = running.pids()
    os.kill(running.stand_in(), signal.SIGKILL)
    until(lambda: running.pids() - before)
    assert running.gone(before), "two of them ran at once"
    until(lambda: len(running.pids()) == 4)
    output = running.end()
    assert running.gone(running.pids())
    said = "Stopping: what runs is ended first; Ctrl-C again kills it at once.\n"
    assert output.endswith(f"{said}stopped\n")


def test_a_stop_while_the_stand_in_is_dead_leaves_nothing_either(site):
    running = site(program=STUBBORN)
    running.process.send_signal(signal.SIGSTOP)
    os.kill(running.stand_in(), signal.SIGKILL)
    running.process.send_signal(signal.SIGTERM)
    running.process.send_signal(signal.SIGCONT)
    running.process.communicate(timeout=300)
    assert running.gone(running.pids())


def left(site: Site, name: str) -> int:
    """The pid of what the program has left behind under this name."""
    note = site.place / f"left-{name}"
    until(lambda: note.exists() and note.read_text().strip())
    return int(note.read_text())


@pytest.mark.parametrize("killed", ["nobody", "stand-in"])
def test_what_dead_workers_left_in_another_session_is_ended_and_the_server_is_not(site, killed):
    running = site(program=LEAVER)
    nameless, ours, mine = (left(running, name) for name in ("nameless", "ours", "mine"))
    if killed == "stand-in":
        os.kill(running.stand_in(), signal.SIGKILL)
    try:
        until(lambda: not is_alive(nameless))
        assert is_alive(ours)
        assert killed != "nobody" or is_alive(mine), "what stays in the session is the program's"
    finally:
        os.kill(ours, signal.SIGKILL)


@pytest.mark.parametrize(
    ("environment", "owner", "left"),
    [
        (b"\0", 0, True),
        (b"\0PATH=/bin\0DRAIN_CLAIM=x", 0, True),
        (b"\0PATH=/bin\0DRAINSITE_OWN=server", 0, False),
        (b"", 0, False),
        (b"", pwd.getpwnam("nobody").pw_uid, False),
        (b"", 54_321, True),
    ],
    ids=["wiped", "a phase's", "the server's", "root's", "a server's user's", "another's"],
)
def test_what_cannot_be_read_is_a_phases_unless_its_user_may_be_the_servers(
    environment, owner, left
):
    assert is_left(environment, owner) is left


@pytest.mark.verify  # only root can start what runs as somebody else
@pytest.mark.parametrize(
    "blind", [False, True], ids=["any root", "a root that reads no other user"]
)
def test_what_a_phase_of_another_user_left_is_ended_too(site, blind):
    fewer = ["setpriv", "--bounding-set", "-sys_ptrace,-perfmon,-sys_admin"]
    running = site(program=OTHER_LEAVER, prefix=fewer if blind else [])
    until(lambda: not is_alive(left(running, "other")))


def test_supervisor_and_stand_in_killed_leave_no_program(site):
    running = site()
    stand_in = running.stand_in()
    program = children_of(stand_in, stand_in)[0]
    running.process.kill()
    os.kill(stand_in, signal.SIGKILL)
    until(lambda: program in running.pids() and running.gone({program}))


def test_what_will_not_end_is_named(monkeypatch):
    monkeypatch.setattr(supervisor, "members", lambda _: [5_000_000])
    monkeypatch.setattr(supervisor, "CLEAR_SECONDS", 0.0)
    spec = ChildSpec("true", ["true"], dict(os.environ))
    watching = Supervisor([spec], lambda _: None)
    watching.request_stop()
    kept = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        with pytest.raises(LeftoverError, match="processes 5000000"):
            watching.run()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
