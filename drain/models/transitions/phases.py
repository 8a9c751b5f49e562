"""Moves of phases that are not attempts: cleared, requeued, synced, reported by the phase itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from drain.db.prepared import rows
from drain.models.history import Transition
from drain.models.phases import Phase
from drain.models.vocabulary import PhaseState


@dataclass(frozen=True, slots=True)
class MoveReason:
    """The actor, verb and reason of a state change."""

    verb: str
    actor: str
    reason: str = ""
    session: int | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A phase that changed its state."""

    phase: int
    run: int
    from_state: str
    to_state: str


# Phases are locked in the order of their ids, so that two bulk moves never wait for each other.
_MOVE = """
WITH target AS (
    SELECT id, run_id, state FROM drain_phase
    WHERE id = ANY(%(phases)s::bigint[]) AND state = ANY(%(expect)s::text[])
      AND (lease_owner IS NULL OR lease_owner = %(lease)s::uuid)
    ORDER BY id FOR NO KEY UPDATE
), moved AS (
    UPDATE drain_phase p SET state = %(to)s::text, state_changed_at = now(),
        last_failure_reason = CASE WHEN %(to)s::text = 'COMPLETE' THEN ''
            WHEN p.last_failure_reason = '' THEN %(failure)s::text ELSE p.last_failure_reason END
    FROM target t WHERE p.id = t.id AND t.state <> %(to)s::text
    RETURNING p.id, p.run_id, t.state AS from_state
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', id, run_id, %(session)s::bigint, %(attempt)s::bigint, from_state, %(to)s::text,
           %(verb)s::text, %(actor)s::text, %(reason)s::text FROM moved
)
SELECT id, run_id, from_state FROM moved ORDER BY id
"""


def move_phases(
    phases: Sequence[int],
    *,
    expect: Collection[str],
    to: PhaseState,
    why: MoveReason,
    lease: object | None = None,
) -> list[Moved]:
    """Move those of `phases` that are in an expected state and not leased to somebody else.

    `why.reason` becomes the failure reason of a phase that a person or a rule moves to FAILED, if it has
    none: why it failed stays known, and why it was moved stands in its history. A phase that is COMPLETE has
    none. Returns what moved; what is absent from the answer was not in an expected state.
    """
    found = rows(
        _MOVE,
        {
            "phases": list(phases),
            "expect": list(expect),
            "to": to.value,
            "lease": lease,
            "failure": why.reason if to == PhaseState.FAILED and why.verb != "synced" else "",
            "session": why.session,
            "attempt": why.attempt,
            "verb": why.verb,
            "actor": why.actor,
            "reason": why.reason,
        },
    )
    return [Moved(row["id"], row["run_id"], row["from_state"], to.value) for row in found]


def say_created(phase: Phase, why: MoveReason) -> None:
    """Begin the history of a phase that was just inserted. Call in the same transaction."""
    Transition.objects.create(
        subject="phase",
        subject_pk=phase.pk,
        run_pk=phase.run_id,
        from_state="",
        to_state=phase.state,
        verb=why.verb,
        actor=why.actor,
        reason=why.reason,
    )
