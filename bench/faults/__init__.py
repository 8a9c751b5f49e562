"""Faults at random on a real site, and what must hold afterwards;
`python -m bench.faults` runs schedules of them.

A schedule is made from its seed alone: which phases there are, which faults, when. Its processes are real: an
`up` with the embedded server, phases that fork, leave their session, wipe their environment, ignore SIGTERM,
flood or close their output. Each phase takes a lock that the kernel keeps for as long as any process of it
lives, and writes a journal.
"""

from __future__ import annotations
