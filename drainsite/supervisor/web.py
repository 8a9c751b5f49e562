"""Read by the web server in its main process, before it forks: what it knows is not for phases of the same user."""

from __future__ import annotations

from drain.engine.process.hardening import harden_process

harden_process()
