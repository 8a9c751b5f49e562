"""Rescue: recover what a dead worker left behind, by the database's clock only."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from drain.db.prepared import row, rows
from drain.engine.abandoned import interrupt_abandoned, interrupt_hopeless
from drain.engine.attempts.books import lock_sessions, write_sessions
from drain.engine.attempts.context import SessionContext, read_contexts
from drain.engine.attempts.finish import finish
from drain.engine.attempts.round import is_outage, without_result
from drain.engine.attempts.spool import left_behind
from drain.engine.attempts.started import AttemptResult, EndedAttempt, not_run
from drain.engine.attempts.stored import COLUMNS, TABLES, stored_attempt
from drain.engine.errors import given_reason
from drain.engine.isolation import isolated
from drain.engine.source.outbox import note_lost, settle_debts
from drain.engine.workers.dead import bury, dead_workers, end_left_behind, folders
from drain.engine.workers.identity import worker_name
from drain.engine.workers.timing import LEASE_SECONDS, RENEW_EVERY, RESCUE_MARGIN
from drain.engine.workers.wakeups import wake
from drain.logs import about
from drain.models import Attempt, Phase, WorkerLoop
from drain.models.audit import Person, Subject, record_audit
from drain.policy.states import Outcome

log = logging.getLogger(__name__)

# A loop that has not renewed for its lease and the margin.
# After a restart of the server every loop has as long to report again.
_TAKE_LOOPS = """
DELETE FROM drain_workerloop WHERE expires_at < now() - make_interval(secs => %(margin)s::float8)
  AND pg_postmaster_start_time() < now() - make_interval(secs => (%(lease)s + %(margin)s)::float8)
RETURNING id
"""
# Open attempts whose loop is gone, but for those that run as jobs of a service: another loop takes them over.
# Those whose phase is not leased to them any more (somebody repaired rows by hand) are over in any case.
_ORPHANED = f"""
SELECT {COLUMNS} FROM {TABLES}
WHERE a.finished_at IS NULL AND a.id > %(after)s::bigint
  AND (a.remote IS NULL AND NOT EXISTS (SELECT FROM drain_workerloop l WHERE l.id = a.loop)
       OR p.lease_owner IS DISTINCT FROM a.lease
          AND a.started_at < now() - make_interval(secs => (%(lease)s + %(margin)s)::float8))
ORDER BY a.id LIMIT 1
"""  # noqa: S608 - constants only
# Open attempts are counted in the rows of runs and sessions, which every start and finish locks. Should a
# number have drifted it is counted again, by a statement of its own under the lock: one that waited for it
# would count by an older snapshot.
_DRIFTED = """
SELECT t.id FROM {table} t WHERE t.id IN (
    SELECT id FROM {table} WHERE open_attempts > 0
    UNION SELECT {column} FROM drain_attempt WHERE finished_at IS NULL)
  AND t.open_attempts <> (SELECT count(*) FROM drain_attempt a WHERE a.{column} = t.id AND a.finished_at IS NULL)
"""
_LOCK = "SELECT id FROM {table} WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_RECOUNT = """
UPDATE {table} t SET open_attempts = (
    SELECT count(*) FROM drain_attempt a WHERE a.{column} = t.id AND a.finished_at IS NULL)
WHERE t.id = ANY(%(ids)s::bigint[])
"""
_COUNTED = (
    {"table": "drain_drainsession", "column": "session_id"},
    {"table": "drain_run", "column": "run_id"},
)


@dataclass(frozen=True, slots=True)
class Rescued:
    """The counts of one rescue."""

    attempts: int
    loops: int
    sessions: int = 0
    """Interrupted: inline drains whose process died, and drains that no host could go on with."""


def is_lost(phase: Phase) -> bool:
    """Return whether the attempt that holds this phase has no loop that is alive, and no job of a service."""
    opened = phase.attempt_set.filter(finished_at__isnull=True).first()
    if opened is None or opened.remote is not None:
        return False
    alive = WorkerLoop.objects.filter(expires_at__gt=Now() - timedelta(seconds=RESCUE_MARGIN))
    return opened.loop is None or not alive.filter(pk=opened.loop).exists()


def rescue(by: Person | None = None, reason: str = "") -> Rescued:
    """End attempts whose lease ran out (outcome lost, phase FAILED) and wake sessions that lack loops.

    Inline drains without a process are interrupted, and drains that no host has been able to go on with.

    A person who asks for it says why and leaves an audit line;
    the round of maintenance every few seconds does not.
    """
    if by is not None:
        reason = given_reason(reason)
    _ask_database()
    dead = _release_dead()
    _take_loops()
    count, looked = 0, 0
    while (found := _orphaned_after(looked)) is not None:
        looked = found["attempt"]
        with isolated(f"the rescue of attempt {looked}"):
            count += _rescue(found)
    for names in _COUNTED:
        _recount(names)
    settle_debts()
    actor = "maintenance" if by is None else by.name
    left = interrupt_abandoned(actor) + interrupt_hopeless(actor)
    _bury(dead)
    # The wake-ups of a dead worker are lost: whoever takes its place is woken at once.
    done = Rescued(attempts=count, loops=wake(fresh=bool(dead)), sessions=left)
    if by is not None:
        record_audit(by, "rescue", Subject("site", "", "All phases"), reason, new=asdict(done))
    return done


_trouble_at = -math.inf
"""The moment (time.monotonic) at which this process last saw the database away or slow."""


def note_outage() -> None:
    """The database was away or stood still until now: every loop has its whole lease to report again."""
    global _trouble_at  # noqa: PLW0603 - what this process has seen of the database is the point
    _trouble_at = time.monotonic()


def _ask_database() -> None:
    """Ask the database for anything: a stall that has held up renewals holds up this statement as well."""
    began = time.monotonic()
    row("SELECT 1 AS one", {})
    if time.monotonic() - began > RENEW_EVERY:
        note_outage()


def _take_loops() -> None:
    """Take away the rows of loops that are silent, unless the database itself was away until a moment ago.

    Before their attempts: a loop that renews too late finds its row gone, and ends its children.
    """
    if time.monotonic() - _trouble_at < LEASE_SECONDS + RESCUE_MARGIN:
        return
    try:
        gone = rows(_TAKE_LOOPS, {"margin": RESCUE_MARGIN, "lease": LEASE_SECONDS})
    except DatabaseError:
        note_outage()
        raise
    if gone:
        log.warning("%s loops were silent for too long; their attempts are lost", len(gone))


def _release_dead() -> list[UUID]:
    """End what dead workers of this machine left running, and let go at once of what they held."""
    dead = dead_workers()
    for worker in dead:
        with isolated(f"what worker {worker.hex} left"):
            end_left_behind(worker)
            _book_kept(worker)
            WorkerLoop.objects.filter(worker__endswith=f"/{worker.hex}").delete()
    return dead


def _book_kept(worker: UUID) -> None:
    """Write what a dead worker knew and could not write any more, before its attempts count as lost."""
    for path, each in left_behind(folders() / worker.hex):
        try:
            _finish(each)
        except Exception as error:
            if is_outage(error):
                raise
            _finish(without_result(each, error))
        path.unlink(missing_ok=True)


def _bury(dead: list[UUID]) -> None:
    for worker in dead:
        opened = Attempt.objects.filter(finished_at=None, worker__endswith=f"/{worker.hex}")
        if not opened.exists():
            bury(worker)


def _recount(names: dict[str, str]) -> None:
    drifted = {"ids": [found["id"] for found in rows(_DRIFTED.format(**names), {})]}
    if drifted["ids"]:
        with transaction.atomic():
            rows(_LOCK.format(**names), drifted)
            rows(_RECOUNT.format(**names), drifted)


def _orphaned_after(looked: int) -> dict[str, Any] | None:
    values = {"margin": RESCUE_MARGIN, "lease": LEASE_SECONDS, "after": looked}
    return row(_ORPHANED, values)


def _rescue(found: dict[str, Any]) -> bool:
    started = stored_attempt(found)
    lost = _lost(found["worker"])
    with transaction.atomic():
        written = _finish(EndedAttempt(started, lost))
        if written:
            note_lost(started.phase, started.source, lost.decision.reason)
            with about(drain=started.session, attempt=started.attempt):
                log.warning("attempt %s of %s was lost", started.attempt, found["worker"])
    return written


def _finish(each: EndedAttempt) -> bool:
    """Book one ended attempt in a transaction of its own, or in the caller's; False if its lease was gone."""
    session = each.started.session
    with transaction.atomic():
        books = lock_sessions([] if session is None else [session])
        contexts: dict[int, SessionContext] = {}
        for broken, why in read_contexts(books, contexts).items():
            log.warning(
                "no rule of drain %s judges attempt %s: %r", broken, each.started.attempt, why
            )
            del books[broken]
        written = finish([each], books, contexts, worker_name())
        write_sessions(books.values())
    return bool(written)


def _lost(worker: str) -> AttemptResult:
    name = worker.rpartition("/")[0] or worker
    return not_run(f"lost: worker {name} died or was cut off while it ran", Outcome.LOST)
