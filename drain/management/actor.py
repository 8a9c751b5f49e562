"""The actor of a management command: a person at this machine, trusted as administrator."""

from __future__ import annotations

import getpass
import os
import socket


def command_actor() -> str:
    """Return `os:user@host`; a user without a name is their number."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"os:{user}@{socket.gethostname()}"
