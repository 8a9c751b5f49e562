"""Texts for people, made of values: durations, ages, names of workers, last lines."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from drain.policy.states import Outcome

NOTHING = "–"
LINE_CHARACTERS = 160
"""The longest line that a list shows."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WORKER = re.compile(r"(?<=\d)/[0-9a-f]{32}$")


def last_line(text: str, most: int = LINE_CHARACTERS) -> str:
    """Return the last line that is not blank, where most tools put the reason; "" without one."""
    lines = (line.strip() for line in reversed(text.splitlines()))
    return next(filter(None, lines), "")[:most]


def counted(number: int, noun: str) -> str:
    """1 phase, 2,000 phases."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def agrees(number: int, one: str = "is", many: str = "are") -> str:
    """The verb after so many: 1 phase is, 2 phases are."""
    return one if number == 1 else many


def who(actor: object) -> str:
    """Return a worker, `vm/20574/285ed48e61884c12882811f95035db6d`, as host and process; others unchanged."""
    return _WORKER.sub("", str(actor or ""))


def duration(value: object) -> str:
    """A span in its two largest units: `0.8 s`, `22 s`, `3 min 12 s`, `6 h 11 min`, `4 d 02 h`.

    Takes a timedelta or seconds. Under ten seconds one decimal is kept, since crashes on import live there.
    """
    if value is None or value == "":
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(str(value))
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 9.95:
        return "0 s" if seconds == 0 else f"{seconds:.1f} s"
    return _in_units(round(seconds))


def _in_units(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE:02d} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02d} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR:02d} h"


def age(moment: datetime | None, now: datetime) -> str:
    """Return the time since a moment in one or two units, whole seconds:
    `40 s`, `14 min`, `6 h 11 min`, `4 d 02 h`.
    """
    if moment is None:
        return NOTHING
    seconds = max(0, int((now - moment).total_seconds()))
    if _MINUTE <= seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return _in_units(seconds)


ZERO_YIELD = {
    "success_no_llm_calls": "Completed without an event",
    "timeout": "Timed out before an event",
    "failed_before_llm": "Failed before its first event",
    "llm_boundary_hit": "Reached a limit",
    "execution_error": "Failed while it worked",
    "unknown": "Unknown",
}
"""The reasons why an attempt brought no telemetry event, in words that hold for any pipeline."""


def zero_yield(reason: str) -> str:
    """The reason for people; one that is not known here as it is."""
    return ZERO_YIELD.get(reason, reason)


def why_ended(outcome: str, said: str, reason: str) -> str:
    """The line that says why an attempt ended so:
    its last one, else what is known; none for what completed.
    """
    return last_line(said) or ("" if outcome == Outcome.COMPLETE else zero_yield(reason))
