"""Acts on rows that somebody ticked in a list of runs or fingerprints:
the question first, then what became of each.
"""

from __future__ import annotations
