"""Facts that all open dashboards share for a few seconds: whoever asks first reads them for everybody.

They are kept in the memory of the web process (there is one), so that sharing them costs the database
nothing at all; a second web process would read once for itself.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from django.core.cache import caches

T = TypeVar("T")
# Threads that ask together wait for the one that reads instead of reading too.
_reading: defaultdict[str, Lock] = defaultdict(Lock)


def shared(key: str, seconds: float, read: Callable[[], T]) -> T:
    """What `read` gave at most about `seconds` ago, else what it gives now.

    The time is spread by a tenth, so that things that were read together are not read again together.
    `key` names the kind of facts and what they were asked for; keys are few.
    """
    pages = caches["pages"]
    found: T | None = pages.get(key)
    if found is not None:
        return found
    with _reading[key]:
        found = pages.get(key)
        if found is None:
            found = read()
            pages.set(key, found, seconds * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
    return found
