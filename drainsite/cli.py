"""The command line of drainsite: `drainsite help`, or `python manage.py help` in a checkout, lists what it can do."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> None:
    """Run one management command with drainsite's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
    # The end of the process gives everything back: looking through it for garbage first takes a seventh of a second.
    atexit.register(gc.freeze)
    from drain.engine.process.hardening import harden_process

    # Phases run as this user and must not read the site's secrets out of /proc.
    harden_process()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A wrong word in the environment: a sentence for who wrote it, no traceback.
        sys.exit(str(error))
