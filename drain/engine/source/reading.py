"""A source is read by the site itself: what is due is handed to a worker,
and one reading of a source runs at a time.

A reading brings everything or nothing. One that fails leaves a sentence beside what the last good one
brought; after so many in a row the source is left alone until somebody sets its schedule again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.isolation import isolated
from drain.engine.source.airflow import AirflowSite, import_airflow
from drain.engine.source.schedules import (
    CLUSTER,
    READ_TASK,
    is_readable,
    next_time,
    pause_source,
    schedule_of,
)
from drain.engine.source.telling import tell_sources
from drain.engine.workers.broker import send
from drain.models import Source
from drain.models.audit import Person
from drain.models.vocabulary import SourceKind
from drain.policy.secrets import masked
from drain.sources.autopack.importing import import_source
from drain.sources.errors import SourceError
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import kept_source

log = logging.getLogger(__name__)

LOCK_SPACE = 0x6473
"""Of PostgreSQL's advisory locks: a source that is being read."""
LONGEST = 1_000
COUNTS = ("runs", "phases", "created", "updated", "synced", "unchanged")


def read_due(now: datetime) -> list[int]:
    """Hand the sources whose time has come to workers; times that were missed count as one. Returns them."""
    due = Source.objects.filter(next_at__lte=now, paused_at=None).order_by("next_at", "pk")
    asked = []
    for pk in list(due.values_list("pk", flat=True)):
        with isolated(f"the schedule of source {pk}"):
            if _take(pk, now):
                asked.append(pk)
                send(READ_TASK, pk, now.isoformat(), cluster=CLUSTER, name=f"source {pk}")
    return asked


def _take(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        due = Source.objects.filter(pk=pk, next_at__lte=now, paused_at=None)
        source = due.select_for_update(skip_locked=True, no_key=True).first()
        if source is None:
            return False
        source.next_at = next_time(source, now)
        source.save(update_fields=["next_at"])
    return True


def read_asked(pk: int, asked: datetime) -> str:
    """Read a source that was asked for then, unless a reading has begun since or runs; says what happened."""
    source = Source.objects.filter(pk=pk).first()
    if source is None or (source.began_at is not None and source.began_at > asked):
        return "over"
    try:
        return read_source(source, schedule_of(source)) or "read"
    except EngineError as error:
        return str(error)


def read_source(source: Source, by: Person) -> str:
    """Read a source now; returns why it was not read, "" if it was. Raises EngineError while another does."""
    with _alone(source) as mine:
        if not mine:
            raise EngineError(f"{source.name} is being read already: wait for its end.")
        began = timezone.now()
        Source.objects.filter(pk=source.pk).update(began_at=began)
        try:
            found = _import(source, by)
        except (SourceError, EngineError) as error:
            return _failed(source.pk, masked(error)[:LONGEST])
        except DatabaseError:
            raise
        except Exception as error:
            log.exception("source %s could not be read", source.name)
            kind = type(error).__name__
            return _failed(source.pk, f"It could not be read ({kind}): the log says why.")
        Source.objects.filter(pk=source.pk).update(
            read_at=timezone.now(), found=found, failures=0, said="", said_at=None
        )
    return ""


def _import(source: Source, by: Person) -> dict[str, int]:
    """Bring it up to what it says, whole or not at all."""
    # What the source knows needs no guard.
    tell_sources()
    if source.kind == SourceKind.SQL:
        found = import_sql(kept_source(source), by).as_json()
    elif source.kind == SourceKind.AUTOPACK:
        found = import_source(source, timezone.now()).as_json()
    elif is_readable(source):
        site = AirflowSite.of(source.name, os.environ)
        found = import_airflow(site, source.name, source.dags, by).as_json()
    else:
        raise EngineError(f"{source.name} is made of files: nobody reads it by itself.")
    return {name: found[name] for name in COUNTS}


def _failed(pk: int, said: str) -> str:
    with transaction.atomic():
        source = Source.objects.select_for_update(no_key=True).get(pk=pk)
        source.failures, source.said, source.said_at = source.failures + 1, said, timezone.now()
        source.save(update_fields=["failures", "said", "said_at"])
        most = source.pause_after
        if source.cron and source.paused_at is None and most and source.failures >= most:
            times = "reading" if most == 1 else f"{most} readings in a row"
            pause_source(source, timezone.now(), f"Its last {times} failed. The last one: {said}")
    return said


@contextmanager
def _alone(source: Source) -> Iterator[bool]:
    """Lock the source; gives whether nobody else reads it, and nobody will until the end of this,
    or of this process.
    """
    key = {"space": LOCK_SPACE, "source": source.pk % 2**31}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%(space)s, %(source)s)", key)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%(space)s, %(source)s)", key)
