"""What stands behind a destination in the navigation: how many there are, and whether that is a worry."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.safestring import SafeString

from drain.dashboard.frame.counts import ShellCounts
from drain.dashboard.markup import icon
from drain.dashboard.ui.formats import number


def nav_count(name: str, counts: ShellCounts) -> SafeString:
    """The chip of the destination `name`; nothing where there is nothing to count."""
    chip = _CHIPS.get(name)
    return SafeString(chip(counts) if chip else "")


def _chip(text: str, css: str = "", mark: str = "", unit: str = "") -> str:
    said = f'<span class="sr-only"> {unit}</span>' if unit else ""
    return f'<span class="nav-count{css}">{mark}{text}{said}</span>'


def _running(counts: ShellCounts) -> str:
    if not counts.running_drains:
        return ""
    turning = icon("loader-2", "small turn")
    return _chip(number(counts.running_drains), " s-running", turning, "running")


def _runs(counts: ShellCounts) -> str:
    return _chip(number(counts.runs)) if counts.runs else ""


def _fingerprints(counts: ShellCounts) -> str:
    return _chip(number(counts.fingerprints)) if counts.fingerprints else ""


def _stale(counts: ShellCounts) -> str:
    if not counts.stale:
        return ""
    return _chip(number(counts.stale), " s-held", icon("alert-triangle-filled", "small"), "stale")


def _workers(counts: ShellCounts) -> str:
    if not counts.workers_asked:
        return ""
    missing = counts.workers_alive < counts.workers_asked
    return _chip(f"{counts.workers_alive}/{counts.workers_asked}", " s-lost" if missing else "")


_CHIPS: dict[str, Callable[[ShellCounts], str]] = {
    "session-list": _running,
    "run-list": _runs,
    "fingerprint-list": _fingerprints,
    "queued-list": _stale,
    "worker-list": _workers,
}
