"""The one door: every state change of a phase, an attempt or a session goes through here.

Each function is a guarded UPDATE (the expected state stands in its WHERE) together with its
Transition row in the caller's transaction. Zero rows is an answer, not an error: somebody else was
there first.
"""

from __future__ import annotations
