"""Keeps the site's secrets from the phases, which run as the same user.
Every command imports this first, so it is small.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def harden_process() -> bool:
    """Make this process's memory and environment unreadable to other processes of its user;
    True if done (Linux).

    Children become readable again with their exec, so the sweep still sees them.
    There is no core dump either.
    """
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
