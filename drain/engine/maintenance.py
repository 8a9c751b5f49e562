"""The periodic work: rescue, wake-ups, folds, lifecycles. Short, idempotent, safe to run twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from django.utils import timezone

from drain.engine.autopilot.recurring import pause_useless, start_due, stop_over_budgets
from drain.engine.autopilot.rollouts import advance, listen
from drain.engine.bulk.worker import wake_bulk
from drain.engine.isolation import isolated
from drain.engine.queue.stale import fail_stale
from drain.engine.rescue import note_outage, rescue
from drain.engine.sessions.idempotency import forget_keys
from drain.engine.source.reading import read_due
from drain.engine.source.telling import tell_sources
from drain.engine.workers.timing import LEASE_SECONDS
from drain.evidence.checks.schedule import judge_due
from drain.evidence.fingerprints.splitting import reread_splits
from drain.evidence.fingerprints.upgrade import refingerprint, tell_apart
from drain.evidence.fixes.evaluation import settle
from drain.evidence.fixes.schedule import judge_fixes
from drain.evidence.rollups.fold import fold
from drain.evidence.rollups.state_history import keep_history


def take_stock() -> None:
    """Bring fingerprints, fixes and rates up to date after a drain,
    where no worker may be alive to come round to it.
    """
    now = timezone.now()
    steps: dict[str, Callable[[], object]] = {
        "folding rollups": fold,
        "the lifecycle of fingerprints": partial(settle, now),
        "judging checks": partial(judge_due, now),
        "judging fixes": partial(judge_fixes, now),
    }
    for name, step in steps.items():
        with isolated(f"after a drain, {name},"):
            step()


def tend() -> None:
    """Run one round of maintenance: a step that breaks does not stop those after it."""
    now, began = timezone.now(), time.monotonic()
    steps: dict[str, Callable[[], object]] = {
        "rescue": rescue,
        "waking bulk actions": wake_bulk,
        "failing stale phases": partial(fail_stale, now),
        "folding rollups": fold,
        "the history of states": partial(keep_history, now),
        "the lifecycle of fingerprints": partial(settle, now),
        "judging checks": partial(judge_due, now),
        "judging fixes": partial(judge_fixes, now),
        "fixes that autopilots drain": partial(listen, now),
        "drains on fix": partial(advance, now),
        # Before the next drain is started: the last one may have been one too many.
        "autopilots that complete nothing": partial(pause_useless, now),
        "budgets of autopilots": partial(stop_over_budgets, now),
        "drains by schedule": partial(start_due, now),
        "sources by schedule": partial(read_due, now),
        "renewing fingerprints": refingerprint,
        "titles of fingerprints": tell_apart,
        "splitting fingerprints": reread_splits,
        "forgetting idempotency keys": partial(forget_keys, now),
        # Last: somebody else's database may take its time.
        "telling sources": tell_sources,
    }
    for name, step in steps.items():
        with isolated(f"maintenance, {name},"):
            step()
    if time.monotonic() - began > LEASE_SECONDS:
        # Any of them may have waited for a database that stood still.
        note_outage()
