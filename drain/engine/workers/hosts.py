"""Worker hosts: who is alive, as seen through the database's clock."""

from __future__ import annotations

import math
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

import drain
from drain.db.prepared import row, rows
from drain.engine.errors import EngineError
from drain.engine.workers.broker import send
from drain.engine.workers.identity import host_id
from drain.engine.workers.schema import as_stored, code_schema
from drain.engine.workers.slots import host_slots
from drain.engine.workers.timing import HOST_SILENT_SECONDS, PROOF_SECONDS
from drain.models import WorkerHost

ASK_SECONDS = 0.5
REGISTER_LOCK = 0x64726168
PROBE_TASK = "drain.tasks.answer"
MOST_HOPS = 50
"""A probe for a host that takes nothing is passed on by the others so often, and then is gone."""


def register_host(workers: int, profiles: list[str]) -> UUID:
    """Announce this host with its number of worker processes; returns its id.

    Raises EngineError if hosts that are alive sign with another secret.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REGISTER_LOCK])
        require_shared_secret()
        host = WorkerHost.objects.create(
            slots=host_slots(workers),
            id=uuid4(),
            host=socket.gethostname(),
            pid=os.getpid(),
            version=drain.__version__,
            schema=code_schema(),
            workers=workers,
            profiles=profiles,
            key_check=key_check(),
        )
    return host.id


def key_check() -> str:
    """Return what is the same on every host that has the same SECRET_KEY, and tells nothing of it."""
    return salted_hmac("drain.engine.workers.hosts", "key_check").hexdigest()[:32]


def require_shared_secret() -> None:
    """Raise EngineError if a host that is alive signs with another SECRET_KEY.

    Whoever takes a wake-up that he cannot verify destroys it, and looks healthy all the while.
    """
    other = alive_hosts().exclude(key_check__in=["", key_check()]).first()
    if other is not None:
        raise EngineError(
            f"Host {other.host} works with another SECRET_KEY, so neither could read the other's wake-ups: give "
            "every host and every shell the same SECRET_KEY (after a change on purpose: stop all hosts, wait "
            f"{HOST_SILENT_SECONDS:.0f} seconds, start them)."
        )


def alive_hosts() -> QuerySet[WorkerHost]:
    """Return the hosts that said a moment ago that they are there."""
    return WorkerHost.objects.filter(
        stopped_at__isnull=True, last_seen__gt=Now() - timedelta(seconds=HOST_SILENT_SECONDS)
    )


def able_hosts() -> QuerySet[WorkerHost]:
    """Return those of them whose code knows the tables as they are; others claim nothing."""
    return alive_hosts().filter(Q(schema="") | Q(schema=as_stored()))


def beat_host(host: UUID, profiles: list[str]) -> None:
    """Say that this host is alive, and what it can run."""
    WorkerHost.objects.filter(pk=host).update(last_seen=Now(), profiles=profiles)


def stop_host(host: UUID) -> None:
    """Tell this host's loops to end what they run and start nothing more."""
    WorkerHost.objects.filter(pk=host, stopped_at__isnull=True).update(stopped_at=Now())


def ask_probe(host: UUID) -> None:
    """Send a task that names this host through the queue: one of its workers has to answer."""
    WorkerHost.objects.filter(pk=host, asked_at__isnull=True).update(asked_at=Now())
    send(PROBE_TASK, str(host), 0, cluster="drain", name="answer")


def answer_probe(asked: str = "", hops: int = 0) -> None:
    """Answer for the host that this worker is one of; pass on a probe that names another.

    Hosts share the queue, so a probe goes from one to the next until it is where it was meant to go.
    """
    host = host_id()
    if host is not None:
        WorkerHost.objects.filter(pk=host).update(last_answer=Now(), asked_at=None)
    if asked and asked != str(host) and hops < MOST_HOPS:
        send(PROBE_TASK, asked, hops + 1, cluster="drain", name="answer")


def withdraw_probe(host: UUID) -> None:
    """Wait for no answer any more: all workers are busy, which their loops prove better,
    or they were started anew.
    """
    WorkerHost.objects.filter(pk=host, asked_at__isnull=False).update(asked_at=None)


@dataclass(frozen=True, slots=True)
class Health:
    """The health of the workers of one host."""

    fresh: bool
    """One of them answered a moment ago."""
    draining: int
    """Loops that renew their lease."""
    workers: int
    overdue: bool
    """A probe that names the host is not answered."""
    last_answer: datetime | None
    """The last answer of one of them, by the database's clock."""

    @property
    def is_stuck(self) -> bool:
        """True if none of them takes anything from the queue, although none is busy."""
        return self.overdue and not self.draining


_HEALTH = """
SELECT last_answer, coalesce(last_answer, started_at) > now() - make_interval(secs => %(fresh)s::float8) AS fresh,
    coalesce(asked_at < now() - make_interval(secs => %(proof)s::float8), false) AS overdue, workers,
    (SELECT count(*)::int FROM drain_workerloop l WHERE l.expires_at > now() AND l.host_id = h.id) AS draining
FROM drain_workerhost h WHERE h.id = %(host)s::uuid
"""


def health(host: UUID, fresh_seconds: float) -> Health | None:
    """Return what is known of a host's workers; None if there is no such host any more."""
    found = row(_HEALTH, {"host": host, "fresh": fresh_seconds, "proof": PROOF_SECONDS})
    return None if found is None else Health(**found)


def worker_slots(host: UUID | None) -> int:
    """Return the most phases that one worker of this host looks after at once."""
    found = None if host is None else WorkerHost.objects.filter(pk=host).first()
    if found is None:
        return host_slots(1)
    return max(1, math.ceil(found.slots / max(1, found.workers)))


@dataclass(frozen=True, slots=True)
class Strength:
    """The capacity of the hosts that are alive."""

    hosts: int
    workers: int
    """Worker processes."""
    slots: int
    """Phases that may run at the same time."""
    busy: int
    """Phases that run now in their workers."""

    @property
    def free(self) -> int:
        """Slots that are free."""
        return max(0, self.slots - self.busy)


_BUSY = """
SELECT count(*)::int AS busy FROM drain_attempt a JOIN drain_workerloop l ON l.id = a.loop
WHERE a.finished_at IS NULL AND l.host_id IS NOT NULL
"""


def strength() -> Strength:
    """Return what the hosts that are alive can do, and how much of it is in use."""
    found = list(able_hosts().values_list("workers", "slots"))
    (used,) = rows(_BUSY, {})
    return Strength(
        hosts=len(found),
        workers=sum(workers for workers, _ in found),
        slots=sum(slots for _, slots in found),
        busy=used["busy"],
    )


class HostStop:
    """The stop order of this process's host, if any; asks the database twice a second at most."""

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
