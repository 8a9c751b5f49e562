"""Ways to run a phase, behind one interface: `execution.Execution`.
None of it blocks the loop that watches it.
"""

from __future__ import annotations
