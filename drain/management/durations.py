"""Spans of time as people type them: 90s, 30m, 2h, 7d."""

from __future__ import annotations

import re
from datetime import timedelta

from drain.engine.errors import EngineError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def parse_span(text: str, flag: str) -> timedelta:
    """The span, above zero; raises EngineError with the flag and the way out."""
    match = _SPAN.fullmatch(text.strip().lower())
    span = timedelta(0)
    if match:
        try:
            span = timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            match = None
    if not match or span <= timedelta(0) or span > timedelta(days=36_500):
        raise EngineError(f"{flag} “{text}” is no span of time: write 30m, 2h or 7d.")
    return span
