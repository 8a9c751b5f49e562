"""A few threads for what takes longer than a loop may wait; answers wake the loop through a pipe."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import connection

THREADS = 4
T = TypeVar("T")


class Pool:
    """Threads of one loop, a few for each lane.
    `descriptor` is readable once something was answered; read it with `heard`.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self.descriptor, self._write = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._write, False)

    def submit(self, job: Callable[[], T], lane: str = "") -> Future[T]:
        """Do it in a thread, whose database connection is closed afterwards.

        What is slow in one lane, such as a service that does not answer, holds up no other.
        """
        if lane not in self._lanes:
            self._lanes[lane] = ThreadPoolExecutor(THREADS, thread_name_prefix="drain-pool")
        # With the context of who asks: what is logged there is about the same attempt.
        future = self._lanes[lane].submit(copy_context().run, _closing, job)
        future.add_done_callback(self._wake)
        return future

    def wake(self) -> None:
        """Wake the loop."""
        with contextlib.suppress(OSError):
            os.write(self._write, b".")

    def heard(self) -> None:
        """Empty the pipe."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.descriptor, 4096):
                pass

    def close(self) -> None:
        """Wait for what is being done, drop what has not begun, close the pipe."""
        for threads in self._lanes.values():
            threads.shutdown(wait=True, cancel_futures=True)
        os.close(self.descriptor)
        os.close(self._write)

    def _wake(self, _future: Future[T]) -> None:
        self.wake()


def _closing(job: Callable[[], T]) -> T:
    try:
        return job()
    finally:
        connection.close()
