"""The command line of drainsite: `drainsite help`, or `python manage.py help` in a checkout,
lists what it can do.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys

FULL = (errno.ENOSPC, errno.EDQUOT)
INTERRUPTED = 130
STOPPED = "Stopped by Ctrl-C: what was under way is undone, and the same command begins it again."


def main() -> None:
    """Run one management command with drainsite's settings; Ctrl-C is a sentence and exit 130."""
    try:
        _run()
    except KeyboardInterrupt:
        if "--traceback" in sys.argv:
            raise
        sys.stderr.write(f"\n{STOPPED}\n")
        sys.exit(INTERRUPTED)


def _run() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
    # The end of the process gives everything back: looking through it for garbage first takes a seventh of a
    # second.
    atexit.register(gc.freeze)
    from drain.engine.process.hardening import harden_process

    # Phases run as this user and must not read the site's secrets out of /proc.
    harden_process()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import Error

    _warn_of_names()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A wrong word in the environment: a sentence for who wrote it, no traceback.
        sys.exit(str(error))
    except (Error, OSError) as error:
        # Also of Django's own commands (migrate, createsuperuser), which know no better than to raise.
        said = sentence(error)
        if said is None or "--traceback" in sys.argv:
            raise
        sys.exit(said)


def _warn_of_names() -> None:
    """Say on stderr which names of settings are misspelt; `doctor` lists them itself."""
    # A cluster has been started by `up`, which has said it.
    if "Q_CLUSTER_NAME" in os.environ or "doctor" in sys.argv[1:2]:
        return
    from drainsite.misspelt import misspelt

    for each in misspelt(os.environ):
        sys.stderr.write(f"{each}\n")


def sentence(error: Exception) -> str | None:
    """Return the sentence for an error that stops any command:
    the database or the disk; None for a fault of ours.
    """
    from django.db.utils import Error

    if isinstance(error, Error):
        from drain.management.base import database_sentence

        return database_sentence(error)
    if isinstance(error, OSError) and error.errno in FULL:
        from django.conf import settings

        return f"The disk of {settings.DATA_DIR} is full: make room there, or name another folder with DRAINSITE_DATA."
    return None
