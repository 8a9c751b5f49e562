"""Another OS user as whom phases run: who it is, what a child of it is started with, what it can reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

_PROBE_SECONDS = 10


def why_not(name: str) -> str:
    """Return why this process cannot start anything as this user, as a sentence; "" if it can."""
    try:
        user = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return f"There is no OS user {name!r} on this host."
    if os.geteuid() not in (0, user.pw_uid):
        return f"Only a worker of root can run phases as {name}."
    return ""


def switch(name: str) -> dict[str, Any]:
    """Return Popen's arguments to run a child as this user: its groups and nobody else's; {} for our own."""
    user = pwd.getpwnam(name)
    if user.pw_uid == os.geteuid():
        return {}
    return {
        "user": user.pw_uid,
        "group": user.pw_gid,
        "extra_groups": os.getgrouplist(name, user.pw_gid),
        "umask": 0o077,
    }


def may(name: str, letter: str, path: Path | str) -> bool:
    """Return whether this user can read ("r"), write ("w") or enter ("x") what is there, parents included.

    Asked of the system, as that user: modes alone would not tell of access lists and mounts.
    """
    done = subprocess.run(  # noqa: S603 - an argv of our own making
        ["test", f"-{letter}", str(path)],  # noqa: S607 - from the PATH given below
        cwd="/", env={"PATH": os.defpath}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=_PROBE_SECONDS, check=False, **switch(name),
    )  # fmt: skip
    return done.returncode == 0
