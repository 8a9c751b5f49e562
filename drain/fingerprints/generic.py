"""Finds the line that tells most in a text that no reader knows."""

from __future__ import annotations

from drain.fingerprints.model import Failure


def read_lines(text: str) -> Failure:
    """The first line, for now."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return Failure("", lines[0] if lines else "")
