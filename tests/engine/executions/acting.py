"""Something that happens beside a drain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread beside the drain."""

    def acting() -> None:
        try:
            act()
        finally:
            connection.close()

    actor = threading.Thread(target=acting)
    actor.start()
    try:
        yield
    finally:
        actor.join()
