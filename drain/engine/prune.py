"""Delete by age: history, audit, logs, ended drains and more. Runs, phases and attempts' numbers stay."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session as BrowserSession
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from drain.engine.errors import given_reason
from drain.models import Attempt, BulkAction, BulkItem, CheckResult, DrainSession, Notice, Rollout
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import LIVE_SESSION_STATES

CHUNK = 2_000
"""Rows deleted in one transaction, so that nobody waits for long."""


PRUNED = b""
"""In the place of a log that was deleted by age, so that nobody takes it for one that was lost."""


@dataclass(slots=True)
class Pruned:
    """The number of rows that went, by kind;
    `logs` are attempts that lost their log and keep everything else.
    """

    transitions: int = 0
    audit: int = 0
    logs: int = 0
    sessions: int = 0
    bulk: int = 0
    """Bulk actions, with the results of their rows."""
    rollouts: int = 0
    """Drains on fix that have ended; their fixes stay."""
    news: int = 0
    """Notices, with their messages."""
    checks: int = 0
    """Results of checks; the checks stay, with their latest answer."""
    sign_ins: int = 0
    """Failed sign-ins and browser sessions that are over."""


STAYS = {
    "the backlog": "source sourcedebt run phase dependency attempt telemetryevent hold executorprofile",
    "what failures are and what was done about them": (
        "fingerprint fingerprintalias fingerprintsplit fixmarker fixmarker_fingerprints check"
    ),
    "sums, a row an hour or a day": (
        "statecount statetotal statedelta hourlyrollup hourlytotal dailyfingerprint statesnapshot attemptdelta"
    ),
    "people, their keys, rules and words": "apitoken savedview newschoice chataddress webhook autopilot note",
    "short-lived rows that are cleared by themselves": "repeatkey workerhost workerloop",
}
"""Tables that no age is given to, by what they hold; tests/engine/test_prune.py asks it of every table."""


def prune(
    now: datetime,
    keep: timedelta,
    *,
    by: Person | None = None,
    reason: str = "",
    chunk: int = CHUNK,
) -> Pruned:
    """Delete what is older than `keep` before `now`; can be stopped and run again at any time.

    Who asks says why, and leaves a line in the audit that says what went. It is written first,
    since a prune that is stopped has deleted as well, and once more with the counts at the end.
    """
    before = now - keep
    if by is not None:
        reason = given_reason(reason)
    _say(by, "prune.start", before, reason)
    gone = Pruned(
        transitions=_append_only("drain_transition", before, chunk),
        audit=_append_only("drain_auditevent", before, chunk),
        logs=_logs(before, chunk),
        sessions=_sessions(before),
        bulk=_bulk(before, chunk),
        rollouts=_aged(Rollout.objects.filter(ended_at__lt=before), chunk),
        news=_aged(Notice.objects.filter(at__lt=before), chunk),
        checks=_aged(_old_results(before), chunk),
        sign_ins=sum(_aged(each, chunk) for each in _sign_ins(before)),
    )
    _say(by, "prune.end", before, reason, asdict(gone))
    return gone


def _say(
    by: Person | None, verb: str, before: datetime, reason: str, gone: dict[str, int] | None = None
) -> None:
    if by is not None:
        what = Subject("site", "", f"Older than {before:%Y-%m-%d %H:%M}")
        record_audit(by, verb, what, reason, new=gone)


def _bulk(before: datetime, chunk: int) -> int:
    """Ended bulk actions; their rows first, a chunk at a time, since there may be a million of them."""
    old = list(BulkAction.objects.filter(ended_at__lt=before).values_list("pk", flat=True))
    for pk in old:
        while found := list(
            BulkItem.objects.filter(action=pk).values_list("pk", flat=True)[:chunk]
        ):
            BulkItem.objects.filter(pk__in=found).delete()
        BulkAction.objects.filter(pk=pk).delete()
    return len(old)


def _old_results(before: datetime) -> QuerySet[CheckResult]:
    """Results but the newest of each check, which is what its page shows."""
    newest = CheckResult.objects.filter(check_run=OuterRef("check_run")).order_by("-pk")
    return CheckResult.objects.filter(at__lt=before).exclude(pk=Subquery(newest.values("pk")[:1]))


def _sign_ins(before: datetime) -> tuple[QuerySet[Any], ...]:
    return (
        BrowserSession.objects.filter(expire_date__lt=before),
        AccessAttempt.objects.filter(attempt_time__lt=before),
        LogEntry.objects.filter(action_time__lt=before),
    )


def _aged(old: QuerySet[Any], chunk: int) -> int:
    """Delete these rows a chunk at a time; what hangs on them goes with them."""
    gone = 0
    while found := list(old.values_list("pk", flat=True)[:chunk]):
        old.model.objects.filter(pk__in=found).delete()
        gone += len(found)
    return gone


def _append_only(table: str, before: datetime, chunk: int) -> int:
    """Delete rows of a table that PostgreSQL lets nobody else delete from."""
    gone = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL drainsite.prune = 'on'")
            cursor.execute(
                f"DELETE FROM {table} WHERE id IN "  # noqa: S608 - our own table names
                f"(SELECT id FROM {table} WHERE at < %s ORDER BY id LIMIT %s)",
                [before, chunk],
            )
            deleted = int(cursor.rowcount)
        gone += deleted
        if deleted < chunk:
            return gone


def _logs(before: datetime, chunk: int) -> int:
    old = Attempt.objects.filter(finished_at__lt=before)
    inline = _inline_logs(old, chunk)
    storage, files = storages["attempt_logs"], 0
    while True:
        found = list(old.exclude(log_name="").values_list("pk", "log_name")[:chunk])
        for pk, name in found:
            # The file first: a row without its file says so, a file without its row is never found again.
            storage.delete(name)
            Attempt.objects.filter(pk=pk, log_name=name).update(log_name="", log_inline=PRUNED)
        files += len(found)
        if len(found) < chunk:
            return inline + files


def _inline_logs(old: QuerySet[Attempt], chunk: int) -> int:
    gone = 0
    while True:
        kept = old.filter(log_inline__isnull=False).exclude(log_inline=PRUNED)
        found = list(kept.values_list("pk", flat=True)[:chunk])
        gone += Attempt.objects.filter(pk__in=found).update(log_inline=PRUNED)
        if len(found) < chunk:
            return gone


def _sessions(before: datetime) -> int:
    """Ended sessions with their plans; their attempts stay and lose the link."""
    old = DrainSession.objects.exclude(state__in=LIVE_SESSION_STATES).filter(ended_at__lt=before)
    gone = 0
    for pk in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            DrainSession.objects.filter(pk=pk).delete()
        gone += 1
    return gone
