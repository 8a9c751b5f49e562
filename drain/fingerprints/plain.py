"""Finds the line that tells most in a text without a structure: compilers, shells, services.

Every line is ranked. The best rank wins and, among equals, the first line: what comes after an
error is mostly its consequence.
"""

from __future__ import annotations

from drain.fingerprints.forms import take_apart
from drain.fingerprints.model import Failure
from drain.fingerprints.ranks import rank_line

_LINE_CHARS = 4_000


def read_lines(text: str) -> Failure:
    """The best-ranked line and what belongs to it; an empty failure for a text without any."""
    lines = [line[:_LINE_CHARS].rstrip() for line in text.split("\n")]
    best, best_rank = -1, -1
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if not line or line.isspace() or line in seen:
            continue
        seen.add(line)
        rank = rank_line(line)
        if rank > best_rank:
            best, best_rank = index, rank
    return take_apart(lines, best) if best >= 0 else Failure("", "")
