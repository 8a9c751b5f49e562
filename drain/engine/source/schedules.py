"""Sources that the site reads by itself, on a schedule: as people set it, each change with its audit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from drain.engine.errors import EngineError, InputError, bounded, given_reason
from drain.engine.source.airflow import is_airflow
from drain.engine.workers.broker import send
from drain.models import ExecutorProfile, Source
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin, SourceKind
from drain.policy.cron import Cron, CronError
from drain.policy.remote import Kind
from drain.policy.secrets import masked

READ_TASK = "drain.tasks.read_source"
CLUSTER = "maintenance"
PAUSE_AFTER = 3
MOST_FAILURES = 1_000
MOST_DAGS = 50
COLUMNS = ("cron", "timezone", "dags", "pause_after")


@dataclass(frozen=True, slots=True)
class SourceSchedule:
    """The schedule that a source shall have."""

    cron: str
    timezone: str = "UTC"
    dags: tuple[str, ...] = ()
    """Of Airflow: only these; none means every one."""
    pause_after: int | None = PAUSE_AFTER
    """Readings in a row that failed, after which it is left alone; None: never."""


def schedule_source(
    name: str, wanted: SourceSchedule, by: Person, now: datetime, reason: str = ""
) -> Source:
    """Have the site read a source by itself from now on, also one that was paused. Raises EngineError."""
    reason = bounded(reason.strip(), "The reason")
    _refuse(wanted)
    with transaction.atomic():
        source = locked(name)
        _require_readable(source, wanted)
        old = _settings(source)
        source.cron, source.timezone = wanted.cron.strip(), _zone(wanted.timezone)
        source.dags, source.pause_after = list(wanted.dags), wanted.pause_after
        source.next_at = next_time(source, now)
        source.failures, source.paused_at, source.said = 0, None, ""
        changed = ("next_at", "failures", "paused_at", "said")
        source.save(update_fields=[*COLUMNS, *changed])
        _audit(by, "source.schedule", source, reason, old=old, new=_settings(source))
    return source


def unschedule_source(name: str, by: Person, reason: str) -> Source:
    """Read it by itself no more; a reading that runs goes on. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        source = locked(name)
        if not source.cron:
            raise EngineError(f"{source.name} has no schedule.")
        old = _settings(source)
        source.cron, source.next_at, source.paused_at = "", None, None
        source.dags = []
        source.save(update_fields=["cron", "next_at", "paused_at", "dags"])
        _audit(by, "source.unschedule", source, reason, old=old, new={})
    return source


def ask_reading(name: str, by: Person, now: datetime, reason: str) -> Source:
    """Have a worker read it once, soon. Raises EngineError."""
    reason = given_reason(reason)
    source = locked(name, lock=False)
    _require_readable(source, SourceSchedule("@daily"))
    _audit(by, "source.read", source, reason)
    send(READ_TASK, source.pk, now.isoformat(), cluster=CLUSTER, name=f"source {source.pk}")
    return source


def pause_source(source: Source, now: datetime, reason: str) -> None:
    """Leave a locked source alone until somebody sets its schedule again."""
    source.paused_at, source.next_at = now, None
    source.save(update_fields=["paused_at", "next_at"])
    _audit(schedule_of(source), "source.pause", source, reason)


def schedule_of(source: Source) -> Person:
    """Return the name by which the audit calls the automatic reader of a source."""
    return Person(f"schedule of {source.name}"[:200], Origin.SCHEDULE)


def locked(name: str, *, lock: bool = True) -> Source:
    """The source of that name. Raises EngineError that names those there are."""
    found = Source.objects.filter(name=name)
    source = (found.select_for_update(no_key=True) if lock else found).first()
    if source is None:
        names = ", ".join(Source.objects.order_by("name").values_list("name", flat=True)[:20])
        raise EngineError(f"There is no source {name[:60]!r}; there are: {names or 'none yet'}.")
    return source


def next_time(source: Source, now: datetime) -> datetime | None:
    """The next time of its schedule after `now`."""
    return Cron.read(source.cron).after(now, ZoneInfo(source.timezone)) if source.cron else None


def airflow_names() -> frozenset[str]:
    """Names of the executors of kind airflow, and so of the sources that are read from them."""
    found = ExecutorProfile.objects.filter(kind=Kind.AIRFLOW)
    return frozenset(found.values_list("name", flat=True))


def _kind(source: Source, airflow: Collection[str] | None) -> str:
    if source.kind != SourceKind.FILES:
        return source.kind
    named = is_airflow(source) if airflow is None else source.name in airflow
    return Kind.AIRFLOW.value if named else source.kind


def is_readable(source: Source) -> bool:
    """Return whether the site can read it by itself: files are on somebody's own machine."""
    return source.kind in (SourceKind.SQL, SourceKind.AUTOPACK) or is_airflow(source)


def described(source: Source, airflow: Collection[str] | None = None) -> dict[str, Any]:
    """A source as commands and the API show it, its address without a password.

    `airflow`: names of the executors of that kind, where somebody who shows many has read them once.
    """
    return {
        "name": source.name,
        "kind": _kind(source, airflow),
        "address": masked(source.url),
        "imported_at": source.imported_at,
        "schedule": source.cron,
        "timezone": source.timezone,
        "dags": source.dags,
        "pause_after": source.pause_after,
        "next_at": source.next_at,
        "read_at": source.read_at,
        "found": source.found,
        "failures": source.failures,
        "said": source.said,
        "said_at": source.said_at,
        "paused": source.paused_at is not None,
    }


def _require_readable(source: Source, wanted: SourceSchedule) -> None:
    if not is_readable(source):
        raise EngineError(
            f"{source.name} is made of files, which are with whoever has them: import them from there, "
            "with import_phases or over the API."
        )
    if wanted.dags and not is_airflow(source):
        raise InputError("--dag is for sources that are read from Airflow.")


def _refuse(wanted: SourceSchedule) -> None:
    try:
        Cron.read(wanted.cron)
    except CronError as error:
        raise InputError(str(error)) from None
    most = wanted.pause_after
    if most is not None and not 1 <= most <= MOST_FAILURES:
        raise InputError(f"--pause-after takes 1 to {MOST_FAILURES:,} readings, or 0 for never.")
    if len(wanted.dags) > MOST_DAGS:
        raise InputError(f"--dag is given at most {MOST_DAGS} times.")
    for dag in wanted.dags:
        if not bounded(dag, "A DAG", 250).strip():
            raise InputError("A DAG has a name.")


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"There is no time zone “{name[:60]}”: write it like Europe/Berlin."
        ) from None


def _settings(source: Source) -> dict[str, Any]:
    return {name: getattr(source, name) for name in COLUMNS} if source.cron else {}


def _audit(
    by: Person,
    verb: str,
    source: Source,
    reason: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    record_audit(
        by,
        verb,
        Subject("source", str(source.pk), source.name),
        reason,
        old=old or {},
        new=new or {},
    )
