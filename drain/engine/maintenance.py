"""What happens by itself: rescue, wake-ups, folds, lifecycles. Short, idempotent, safe to run twice."""

from __future__ import annotations

from django.utils import timezone

from drain.engine.bulk.worker import wake_bulk
from drain.engine.queue.stale import fail_stale
from drain.engine.rescue import rescue
from drain.engine.sessions.idempotency import forget_keys
from drain.evidence.refingerprint import refingerprint
from drain.evidence.rollups import fold
from drain.evidence.schedule import judge_due
from drain.evidence.settling import settle
from drain.evidence.state_history import keep_history


def tend() -> None:
    """One round of maintenance."""
    rescue()
    wake_bulk()
    fail_stale(timezone.now())
    fold()
    keep_history(timezone.now())
    settle(timezone.now())
    judge_due(timezone.now())
    refingerprint()
    forget_keys(timezone.now())
