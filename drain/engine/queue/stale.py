"""The schedule that marks phases FAILED which were queued too long; does nothing unless switched on."""

from __future__ import annotations

import random
from datetime import datetime

from django.conf import settings

from drain.engine.queue.blockers import QueueFilter, queued_ids
from drain.engine.queue.clearing import PhaseResult, clear_queued
from drain.models.audit import Person
from drain.models.vocabulary import Origin, PhaseState

AT_ONCE = 200
"""A round stays short; the next one goes on."""
LOOKED_AT = 50 * AT_ONCE
"""Among so many of the oldest a round draws its own."""


def fail_stale(now: datetime) -> list[PhaseResult]:
    """Clear stale phases to FAILED, written back to an Autopack source; [] unless DRAIN_CLEAR_STALE is on."""
    if not settings.DRAIN_CLEAR_STALE:
        return []
    stale = queued_ids(QueueFilter(stale_only=True), now, LOOKED_AT)
    # Drawn by lot: phases that their source does not let go would else stand before all others for ever.
    drawn = random.sample(stale, min(AT_ONCE, len(stale)))
    reason = "stale: queued longer than allowed, marked by the schedule"
    return clear_queued(drawn, PhaseState.FAILED, reason, Person("maintenance", Origin.SCHEDULE))
