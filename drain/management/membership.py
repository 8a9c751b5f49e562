"""This machine among the worker hosts while `manage.py up` runs: beats, probes, rescue."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from django.db import DatabaseError, connection
from django.utils import timezone

from drain.engine.maintenance import tend
from drain.engine.news.deliver import deliver
from drain.engine.news.watch import watch, watch_drains
from drain.engine.rescue import rescue
from drain.engine.workers.dead import dead_workers
from drain.engine.workers.hosts import (
    ask_probe,
    beat_host,
    health,
    register_host,
    stop_host,
    withdraw_probe,
)
from drain.engine.workers.identity import profiles_here
from drain.engine.workers.timing import LEASE_SECONDS, PROFILE_SECONDS
from drain.engine.workers.wakeups import wake

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
PROBE_SECONDS = 5.0
TEND_SECONDS = min(5.0, LEASE_SECONDS)
END_SECONDS = 10.0
NEWS_SECONDS = 2.0
WATCH_SECONDS = 60.0
STARTS_WITHIN = 120.0
"""Seconds from a cluster's start to its first answer, on a machine that is busy with something else."""


class Membership:
    """The host's entry: made on entering, renewed while inside, in threads: the supervisor stays awake."""

    def __init__(self, workers: int) -> None:
        self._profiles = _able()
        self.id = register_host(workers, self._profiles)
        self._answering = True
        self._restarted = False
        self._answer: datetime | None = None
        self._answered = -math.inf
        """The moment at which the last answer was seen; this, and all others here, on the monotonic clock."""
        self._looked = self._probed = self._cluster = time.monotonic()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=[BEAT_SECONDS, self._beat], daemon=True),
            threading.Thread(target=self._repeat, args=[TEND_SECONDS, tend], daemon=True),
            # Of their own: a receiver that does not answer keeps nobody from being rescued,
            # and no news from others.
            threading.Thread(target=self._repeat, args=[NEWS_SECONDS, _tell], daemon=True),
            threading.Thread(target=self._repeat, args=[WATCH_SECONDS, _watch], daemon=True),
        ]

    def __enter__(self) -> Membership:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(END_SECONDS)

    def is_draining(self, cluster: float) -> bool:
        """Return whether the drain cluster takes tasks from the queue, as far as the last beat saw.

        `cluster`: when it was started; a new one is waited for anew.
        """
        if cluster != self._cluster:
            self._cluster, self._restarted, self._answering = cluster, True, True
        return self._answering

    def stop(self) -> None:
        """Tell this host's loops to end their children; they read it within a second."""
        _bravely(lambda: stop_host(self.id))

    def _repeat(self, seconds: float, action: Callable[[], None]) -> None:
        while True:
            _bravely(action)
            if self._over.wait(seconds):
                connection.close()
                return

    def _beat(self) -> None:
        now = time.monotonic()
        # Said first: nothing that fails after it makes a host that is alive look gone.
        beat_host(self.id, self._profiles)
        if now - self._looked >= PROFILE_SECONDS:
            self._looked, self._profiles = now, _able()
        if dead_workers():
            rescue()  # at once, not at the next round of maintenance
        self._probe(now)

    def _probe(self, now: float) -> None:
        found = health(self.id, PROBE_SECONDS)
        if found is None:
            return
        if found.last_answer != self._answer:
            self._answer, self._answered = found.last_answer, now
        if found.draining >= found.workers or self._restarted:
            self._restarted = False
            withdraw_probe(self.id)
        elif not found.fresh and now - self._probed >= PROBE_SECONDS:
            self._probed = now
            ask_probe(self.id)
        # Ended while it still starts, a cluster would on a busy machine never come to its first task.
        starts = self._answered < self._cluster and now - self._cluster < STARTS_WITHIN
        stuck = found.is_stuck and not starts
        if not self._answering and not stuck:
            # A stuck cluster loses the wake-ups that it took.
            wake(fresh=True)
        self._answering = not stuck


def _tell() -> None:
    now = timezone.now()
    watch_drains(now)
    deliver(now)


def _watch() -> None:
    watch(timezone.now())


def _bravely(action: Callable[[], None]) -> None:
    """Do a step whatever breaks in it; a database that was away is found by a new connection."""
    try:
        action()
    except DatabaseError as error:
        log.warning("the database is away: %s", str(error).strip() or type(error).__name__)
        connection.close()
    except Exception:
        # A thread that ended here would leave a host that looks alive and takes care of nothing.
        log.exception("a step of this host's care failed; the next one goes on")
        connection.close()


def _able() -> list[str]:
    return sorted(profile.name for profile in profiles_here()[0].values())
