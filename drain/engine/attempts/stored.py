"""Open attempts as the books have them, for whoever did not start them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.profile import Profile
from drain.models.vocabulary import PhaseState

COLUMNS = """
    a.id AS attempt, a.number, a.started_at, a.lease, a.timeout_seconds, a.worker, a.session_id, a.remote,
    p.id AS phase, p.phase_id, p.phase_index, p.params, r.id AS run, r.run_id, s.id AS source,
    r."order" = 'sequential' AS sequential, c.session_run_id AS session_run, coalesce(c.fingerprint, '') AS cause,
    coalesce(c.position, 0) AS position, coalesce(c.attempts, 1) AS tries
"""
TABLES = """
drain_attempt a
JOIN drain_phase p ON p.id = a.phase_id
JOIN drain_run r ON r.id = p.run_id
LEFT JOIN drain_source s ON s.id = r.source_id AND s.kind = 'autopack'
LEFT JOIN drain_candidate c ON c.session_id = a.session_id AND c.phase_id = p.id
"""
_KNOWN = (
    *("attempt", "number", "lease", "phase", "phase_id", "phase_index", "params", "run", "run_id", "source"),
    *("session_run", "cause", "position", "sequential", "tries"),
)  # fmt: skip


def stored_attempt(found: dict[str, Any]) -> StartedAttempt:
    """Return the attempt of a row with COLUMNS; it names no executor."""
    return StartedAttempt(
        **{name: found[name] for name in _KNOWN},
        session=found["session_id"],
        started_at=found["started_at"] or timezone.now(),
        timeout=found["timeout_seconds"] or 0.0,
        profile=Profile(name="", argv=()),
        was=PhaseState.FAILED.value,
        ignores_queued=False,
    )
