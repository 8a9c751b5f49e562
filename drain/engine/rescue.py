"""Rescue: recover what a dead worker left behind, by the database's clock only."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from drain.db.prepared import row, rows
from drain.engine.abandoned import interrupt_abandoned, interrupt_hopeless
from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.finish import Result, finish
from drain.engine.attempts.start import Held
from drain.engine.isolation import isolated
from drain.engine.loop import never
from drain.engine.process.outcome import Decision
from drain.engine.source_outbox import note_lost, settle_debts
from drain.engine.workers.dead import bury, dead_workers, end_left_behind
from drain.engine.workers.timing import LEASE_SECONDS, RESCUE_MARGIN
from drain.engine.workers.wakeups import wake
from drain.models import DrainSession
from drain.models.audit import Person, Subject, record_audit
from drain.policy.states import Outcome

log = logging.getLogger(__name__)

# An open attempt whose phase is not leased to it any more (somebody repaired rows by hand) is over as well.
_EXPIRED = """
SELECT a.id AS attempt, a.number, a.started_at, a.lease, a.timeout_seconds, a.worker, a.session_id,
    p.id AS phase, p.phase_id, p.phase_index, p.last_fingerprint, r.id AS run, r.run_id, r.source_id,
    r."order" = 'sequential' AS sequential,
    coalesce(c.position, 0) AS position, coalesce(c.attempts, 1) AS tries
FROM drain_attempt a
JOIN drain_phase p ON p.id = a.phase_id AND a.finished_at IS NULL
JOIN drain_run r ON r.id = p.run_id
LEFT JOIN drain_candidate c ON c.session_id = a.session_id AND c.phase_id = p.id
WHERE (p.lease_owner = a.lease
       AND p.lease_expires_at < now() - make_interval(secs => %(margin)s::float8)
   OR p.lease_owner IS DISTINCT FROM a.lease
       AND a.started_at < now() - make_interval(secs => %(lease)s::float8))
  AND a.id > %(after)s::bigint
ORDER BY a.id LIMIT 1 FOR UPDATE OF p SKIP LOCKED
"""
# A run's slots are counted again from its open attempts: the one place where a number could drift.
_RECOUNT = """
UPDATE drain_run r SET open_attempts = n.open FROM (
    SELECT r2.id, (SELECT count(*) FROM drain_attempt a
                   WHERE a.run_id = r2.id AND a.finished_at IS NULL) AS open
    FROM drain_run r2 WHERE r2.open_attempts > 0 FOR UPDATE
) n WHERE n.id = r.id AND r.open_attempts <> n.open
RETURNING r.id
"""
# Its process is gone and nothing of it runs any more, so nobody has to wait for its lease.
_RELEASE = (
    """
    UPDATE drain_phase p SET lease_expires_at = now() - interval '1 day' FROM drain_attempt a
    WHERE a.phase_id = p.id AND a.finished_at IS NULL AND a.lease = p.lease_owner AND a.worker LIKE %(worker)s::text
    """,
    """
    UPDATE drain_sessionloop SET holder = NULL, expires_at = NULL, enqueued_at = NULL
    WHERE worker LIKE %(worker)s::text AND holder IS NOT NULL
    """,
)
_IS_OPEN = (
    "SELECT 1 FROM drain_attempt WHERE finished_at IS NULL AND worker LIKE %(worker)s::text LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Rescued:
    """What one rescue did."""

    attempts: int
    loops: int
    sessions: int = 0
    """Interrupted: inline drains whose process died, and drains that no host could go on with."""


def rescue(by: Person | None = None, reason: str = "") -> Rescued:
    """End attempts whose lease ran out (outcome lost, phase FAILED) and wake sessions that lack loops.

    Inline drains without a process are interrupted, and drains that no host has been able to go on with.

    A person who asks for it leaves an audit line; the round of maintenance every few seconds does not.
    """
    dead = _release_dead()
    count, looked = 0, 0
    while (found := _expired_after(looked)) is not None:
        looked = found
        with isolated(f"the rescue of attempt {found}"):
            count += _rescue(found)
    rows(_RECOUNT, {})
    settle_debts()
    actor = "maintenance" if by is None else by.name
    left = interrupt_abandoned(actor) + interrupt_hopeless(actor)
    _bury(dead)
    done = Rescued(attempts=count, loops=wake(), sessions=left)
    if by is not None:
        record_audit(by, "rescue", Subject("site", "", "All phases"), reason, new=asdict(done))
    return done


def _release_dead() -> list[UUID]:
    """End what dead workers of this machine left running, and let go at once of what they held."""
    dead = dead_workers()
    for worker in dead:
        with isolated(f"what worker {worker.hex} left"):
            end_left_behind(worker)
            for statement in _RELEASE:
                rows(statement, {"worker": f"%/{worker.hex}"})
    return dead


def _bury(dead: list[UUID]) -> None:
    for worker in dead:
        if row(_IS_OPEN, {"worker": f"%/{worker.hex}"}) is None:
            bury(worker)


def _expired_after(looked: int) -> int | None:
    values = {"margin": RESCUE_MARGIN, "lease": LEASE_SECONDS + RESCUE_MARGIN, "after": looked}
    found = row(_EXPIRED, values)
    return None if found is None else found["attempt"]


def _rescue(attempt: int) -> bool:
    with transaction.atomic():
        # The finish takes its locks in the order session, session run, run, phase; this row lock comes
        # first and is only ever taken with SKIP LOCKED, so nobody waits in a circle.
        values = {"margin": RESCUE_MARGIN, "lease": LEASE_SECONDS + RESCUE_MARGIN}
        found = row(_EXPIRED, {**values, "after": attempt - 1})
        if found is None or found["attempt"] != attempt:
            return False
        lost = _lost(found["worker"])
        written = finish(_context(found), _held(found), Result(lost))
        note_lost(found["phase"], found["source_id"], lost.reason)
        log.warning("attempt %s of %s was lost with its worker", found["attempt"], found["worker"])
        return written


def _lost(worker: str) -> Decision:
    sentence = (
        f"lost: worker {worker.rpartition('/')[0] or worker} died or was cut off while it ran"
    )
    return Decision(
        outcome=Outcome.LOST,
        reason=sentence,
        fingerprint_input="",
        telemetry_count=0,
        zero_yield_reason="unknown",
        reached_limit_boundary=False,
    )


def _context(found: dict[str, Any]) -> LoopContext:
    session = DrainSession.objects.get(pk=found["session_id"])
    return LoopContext.of(session, never)


def _held(found: dict[str, Any]) -> Held:
    from drain.engine.process.profile import Profile

    return Held(
        attempt=found["attempt"],
        number=found["number"],
        started_at=found["started_at"] or timezone.now(),
        lease=found["lease"],
        lease_until=0.0,
        timeout=found["timeout_seconds"] or 0.0,
        profile=Profile(name="", argv=()),
        phase=found["phase"],
        phase_id=found["phase_id"],
        phase_index=found["phase_index"],
        params={},
        run=found["run"],
        run_id=found["run_id"],
        source=found["source_id"],
        previous_fingerprint=found["last_fingerprint"],
        position=found["position"],
        sequential=found["sequential"],
        tries=found["tries"],
    )
