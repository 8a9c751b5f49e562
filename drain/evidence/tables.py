"""Tables of Markdown; cells come escaped."""

from __future__ import annotations

from collections.abc import Sequence


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with these columns, or a line that says there is nothing."""
    if not rows:
        return "*None.*"
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
