"""Decisions of a drain, in pure Python: what is drained, in which order, and when to stop.

Nothing here reads a clock, a database or the environment: rows, limits and `now` come in,
plans and verdicts go out. Everything else calls into this package; it calls nothing.
"""

from __future__ import annotations
