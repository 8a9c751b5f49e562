"""One supervised program: `python -m drainsite.supervisor.child GRACE ARGV...`.

Stands between the supervisor and the program. SIGTERM goes to the program's main process only;
after GRACE seconds, or at a second SIGTERM, its whole session is killed. Standard input is a pipe
from the supervisor: when it closes, the supervisor is gone (kill -9 included) and so must we be.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

from drain.engine.process.hardening import harden_process
from drainsite.supervisor.adopted import Adopted

_PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.1


class StandIn:
    """Runs one program and ends it when told, or when the supervisor is gone."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._program: subprocess.Popen[bytes] | None = None
        self._told = 0

    def run(self, argv: list[str]) -> int:
        """Run the program to its end; return its exit code (128 + n for signal n)."""
        harden_process()  # its environment is the program's, with the site's secrets
        signal.signal(signal.SIGTERM, self._end)
        threading.Thread(target=_watch_supervisor, daemon=True).start()
        program = subprocess.Popen(  # noqa: S603 - the supervisor's own argv
            argv,
            stdin=subprocess.DEVNULL,
            process_group=0,  # in the session of this stand-in, by which the supervisor finds what is left
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one thread of ours, and it only waits
        )
        self._program = program
        adopted = Adopted(lambda: [program.pid])
        if self._told:  # while the program was being started
            program.terminate()
        code = _wait(program, adopted)
        self._kill_session()  # what the program forgot to take with it
        adopted.end()
        return code if code >= 0 else 128 - code

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._told += 1
        if self._told > 1:
            self._kill_session()
            return
        if self._program is not None:
            self._program.terminate()
        last_call = threading.Timer(self._grace, self._kill_session)
        last_call.daemon = True
        last_call.start()

    def _kill_session(self) -> None:
        if self._program is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._program.pid, signal.SIGKILL)


def _end_with_parent() -> None:
    """Ask the program to end when this stand-in is killed (Linux):
    with the supervisor gone too nobody else would.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _wait(program: subprocess.Popen[bytes], adopted: Adopted) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return program.wait(LOOK_SECONDS)
        adopted.end()


def _watch_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(StandIn(float(sys.argv[1])).run(sys.argv[2:]))
