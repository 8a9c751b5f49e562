"""The text that drainsite writes into a source's one column for failure reasons:
its own words first, then the source's.
"""

from __future__ import annotations

MARK = "[drainsite] "
ORIGINAL = "; original: "


def with_ours(ours: str, written: str) -> str:
    """The text to write: our words before the reason that stands there;
    earlier words of ours are replaced.
    """
    said = MARK + ours.replace(ORIGINAL, "; ").strip()
    original = "" if written.startswith(MARK) and ORIGINAL not in written else _original(written)
    return f"{said}{ORIGINAL}{original}" if original else said


def reason_without_ours(written: str) -> str:
    """The source's own reason; our words only where nothing else is known."""
    if not written.startswith(MARK):
        return written
    return _original(written) if ORIGINAL in written else written.removeprefix(MARK)


def _original(written: str) -> str:
    return written.partition(ORIGINAL)[2] if written.startswith(MARK) else written
