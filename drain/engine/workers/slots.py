"""The number of phases that a host, and each of its workers, may run at the same time."""

from __future__ import annotations

import logging
import os

from django.conf import settings

from drain.engine.process.limits import raise_open_files

log = logging.getLogger(__name__)

PER_WORKER = 16
PER_CORE = 4
FILES_OF_A_CHILD = 5
"""Descriptors that a worker holds for a running child: output, pidfd, log, report, and one in passing."""
FILES_OF_ITS_OWN = 100


def host_slots(workers: int) -> int:
    """Return the slots of this host: DRAIN_SLOTS, else the smaller of 16 a worker and 4 a core."""
    asked: int = settings.DRAIN_SLOTS
    return asked or max(workers, min(PER_WORKER * workers, PER_CORE * (os.cpu_count() or 1)))


def capped_slots(wanted: int) -> int:
    """Return how many of these slots this process has file descriptors for, after raising its own limit."""
    files = raise_open_files()
    most = max(1, (files - FILES_OF_ITS_OWN) // FILES_OF_A_CHILD)
    if most < wanted:
        log.warning(
            "%s phases at the same time instead of %s: this process may open %s files only (ulimit -n); raise its hard "
            "limit for more.",
            most,
            wanted,
            files,
        )
    return min(wanted, most)
