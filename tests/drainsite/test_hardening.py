"""Processes that hold the site's secrets are closed to phases of the same user: not dumpable, so that Linux
gives neither their memory nor their environment away. (Root could read them anyway, so the flag is asked
for.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
PROCESSES = {
    "a command": "import sys, runpy; sys.argv = ['manage.py', 'version']\n"
    "try: runpy.run_path('manage.py', run_name='__main__')\n"
    "except SystemExit: pass\n",
    "the web server": "from drainsite import web\n"
    "class Never: serve = staticmethod(lambda: None)\n"
    "web.make_server = lambda *_: Never\n"
    "web.main('127.0.0.1', '1')\n",
    "the supervisor's stand-in": "from drainsite.supervisor.child import StandIn\n"
    "StandIn(1.0).run(['/bin/true'])\n",
}


def _dumpable(code: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}{ASK}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.splitlines()[-1] == "dumpable 1"


@pytest.mark.verify
@pytest.mark.parametrize("name", PROCESSES)
def test_it_is_closed(name):
    assert not _dumpable(PROCESSES[name])


def test_what_it_starts_is_open_again():
    code = PROCESSES["a command"] + "import subprocess\n"
    child = f"subprocess.run([{sys.executable!r}, '-c', {ASK!r}])\n"
    assert _dumpable(f"{code}{child}import os; os._exit(0)\n")
