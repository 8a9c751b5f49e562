#!/usr/bin/env python
"""The command line of drainsite: `python manage.py help` lists what it can do."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run one management command with drainsite's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
    from drain.engine.child.hardening import harden_process

    # Phases run as this user and must not read the site's secrets out of /proc.
    harden_process()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
