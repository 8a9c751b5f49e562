"""Inline drains whose process is gone: interrupted, so that somebody can resume them.

Workers that die are replaced by wake-ups. An inline drain has nobody but its own process, and while it
counts as live its phases are offered to no other drain.
"""

from __future__ import annotations

from collections.abc import Collection

from drain.db.prepared import rows
from drain.engine.isolation import isolated
from drain.engine.sessions.verbs import interrupt_session
from drain.engine.workers.capability import has_waited
from drain.engine.workers.timing import LEASE_SECONDS, RESCUE_MARGIN
from drain.models import DrainSession
from drain.models.vocabulary import SessionState
from drain.policy.stopping.limits import Limits

# Its process lives as long as it renews its loop; before it has one it is young, by its last move.
_ABANDONED = """
SELECT s.id FROM drain_drainsession s
WHERE s.inline AND s.state IN ('planned', 'running', 'paused', 'stopping')
  AND NOT EXISTS (SELECT FROM drain_workerloop l WHERE l.session_id = s.id
        AND l.expires_at > now() - make_interval(secs => %(margin)s::float8))
  AND greatest(s.created_at, (SELECT max(t.at) FROM drain_transition t
        WHERE t.subject = 'session' AND t.subject_pk = s.id))
      < now() - make_interval(secs => %(young)s::float8)
"""


def interrupt_abandoned(actor: str) -> int:
    """Interrupt inline sessions that nobody drains any more; returns how many."""
    values = {"margin": RESCUE_MARGIN, "young": LEASE_SECONDS + RESCUE_MARGIN}
    why = "The process that drained it is gone."
    count = 0
    for found in rows(_ABANDONED, values):
        with isolated(f"the end of the abandoned drain {found['id']}"):
            count += interrupt_session(found["id"], actor, why)
    return count


def interrupt_hopeless(actor: str) -> int:
    """Interrupt sessions that no host could go on with for as long as they wait; returns how many."""
    waiting = DrainSession.objects.filter(
        inline=False, state__in=[SessionState.PLANNED, SessionState.RUNNING]
    )
    count = 0
    for session in waiting:
        with isolated(f"looking whether drain {session.pk} can go on"):
            count += interrupt_if_hopeless(session, actor)
    return count


def interrupt_if_hopeless(
    session: DrainSession, actor: str, able: Collection[str] | None = None
) -> bool:
    """Interrupt a session that nobody could go on with while it waited; `able` as `has_waited` has it."""
    seconds = Limits.from_json(session.limits).wait_for_host
    if not has_waited(session, seconds, able):
        return False
    why = f"No host could run what is left for {seconds} s."
    return interrupt_session(session.pk, actor, why)
