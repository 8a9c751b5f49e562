"""Worker hosts: who is alive, as seen through the database's clock."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.models.functions import Now

import drain
from drain.engine.workers.timing import HOST_SILENT_SECONDS
from drain.models import SessionLoop, WorkerHost
from drain.models.door.cursor import row

ASK_SECONDS = 0.5


def register_host(workers: int, profiles: list[str]) -> UUID:
    """Announce this host with its number of worker processes; returns its id."""
    host = WorkerHost.objects.create(
        id=uuid4(),
        host=socket.gethostname(),
        pid=os.getpid(),
        version=drain.__version__,
        workers=workers,
        profiles=profiles,
    )
    return host.id


def beat_host(host: UUID, profiles: list[str]) -> None:
    """Say that this host is alive, and what it can run."""
    WorkerHost.objects.filter(pk=host).update(last_seen=Now(), profiles=profiles)


def stop_host(host: UUID) -> None:
    """Tell this host's loops to end what they run and start nothing more."""
    WorkerHost.objects.filter(pk=host, stopped_at__isnull=True).update(stopped_at=Now())


def answer_probe(host: UUID) -> None:
    """A worker of this host answered."""
    WorkerHost.objects.filter(pk=host).update(last_answer=Now())


@dataclass(frozen=True, slots=True)
class Strength:
    """How many worker processes there are, and how many drain right now."""

    hosts: int
    workers: int
    busy: int


def strength() -> Strength:
    """Alive hosts and workers."""
    alive = WorkerHost.objects.filter(
        stopped_at__isnull=True, last_seen__gt=Now() - timedelta(seconds=HOST_SILENT_SECONDS)
    )
    counts = list(alive.values_list("workers", flat=True))
    busy = SessionLoop.objects.filter(holder__isnull=False, expires_at__gt=Now()).count()
    return Strength(hosts=len(counts), workers=sum(counts), busy=busy)


def is_answering(host: UUID, within_seconds: float) -> bool:
    """Whether a worker of this host answered a probe lately, or all of them are busy draining.

    Loops tell their host by the name in front of their worker's: see `worker_name`.
    """
    found = row(
        """
        SELECT coalesce(last_answer, started_at) > now() - make_interval(secs => %(seconds)s::float8) AS fresh,
            (SELECT count(*) FROM drain_sessionloop p
             WHERE p.expires_at > now() AND starts_with(p.worker, h.host || '/')) >= h.workers AS busy
        FROM drain_workerhost h WHERE h.id = %(host)s::uuid
        """,
        {"host": host, "seconds": within_seconds},
    )
    return found is not None and (found["fresh"] or found["busy"])


class HostStop:
    """Whether the host this process works for was told to stop; asks the database twice a second at most."""

    def __init__(self, host: UUID | None) -> None:
        self._host = host
        self._asked = -ASK_SECONDS
        self._told = False

    def __call__(self) -> bool:
        """Answer; a database that is away does not stop anybody."""
        if self._host is None or self._told or time.monotonic() - self._asked < ASK_SECONDS:
            return self._told
        self._asked = time.monotonic()
        try:
            self._told = WorkerHost.objects.filter(pk=self._host, stopped_at__isnull=False).exists()
        except DatabaseError:
            # Inside a transaction the caller has to know that it is broken.
            if connection.in_atomic_block:
                raise
            connection.close()
        return self._told
