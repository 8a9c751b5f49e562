"""Facts that all open dashboards share for a few seconds: whoever asks first reads them for everybody.

They are kept in the memory of the web process (there is one), so that sharing them costs the database
nothing at all; a second web process would read once for itself.
"""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from threading import Lock, Thread
from typing import Generic, TypeVar

from django.core.cache import caches
from django.db import connections
from django.utils import timezone

T = TypeVar("T")
SHARE = 50
"""The share of reads: one that took a second is kept for at least so many,
so reads cost at most 2 % of a core.
"""
SLOW_SECONDS = 0.03
"""A slower read is repeated behind the back of its reader, who gets the earlier facts."""
LONGER = 3
"""Slow facts are shown for at most so many times as long as they are kept."""

# Threads that ask together wait for the one that reads instead of reading too.
_reading: defaultdict[str, Lock] = defaultdict(Lock)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    facts: T
    until: float
    """The monotonic clock at which they should be read again."""
    slow: bool


def shared(key: str, seconds: float, read: Callable[[], T]) -> T:
    """Return the result of `read` from at most about `seconds` ago, else a new one.

    The time is spread by a tenth, so that things that were read together are not read again together; it
    is longer for what takes long to read (SHARE), and nobody waits for that but the first (SLOW_SECONDS).
    `key` names the kind of facts and what they were asked for; keys are few.
    """
    kept: _Kept[T] | None = caches["pages"].get(key)
    if kept is None:
        with _reading[key]:
            kept = caches["pages"].get(key) or _read(key, seconds, read)
    elif kept.until < time.monotonic() and _reading[key].acquire(blocking=False):
        given = (key, seconds, read, timezone.get_current_timezone())
        Thread(target=_behind, args=given, daemon=True).start()
    return kept.facts


def forget() -> None:
    """Let everything be read anew: the next page of who changed much at once shows what became of it."""
    caches["pages"].clear()


def _read(key: str, seconds: float, read: Callable[[], T]) -> _Kept[T]:
    started = time.monotonic()
    facts = read()
    ended = time.monotonic()
    took = ended - started
    keep = max(seconds, took * SHARE) * random.uniform(0.9, 1.1)  # noqa: S311 - no secret
    kept = _Kept(facts, ended + keep, took > SLOW_SECONDS)
    caches["pages"].set(key, kept, keep * LONGER if kept.slow else keep)
    return kept


def _behind(key: str, seconds: float, read: Callable[[], T], zone: tzinfo) -> None:
    """Read again in a thread that holds the lock of `key`; facts are in somebody's time zone."""
    try:
        with timezone.override(zone):
            _read(key, seconds, read)
    except Exception:  # noqa: BLE001 - nobody waits for it; the log says what went wrong
        _log.exception("What dashboards share could not be read again: %s", key)
    finally:
        connections.close_all()
        _reading[key].release()
