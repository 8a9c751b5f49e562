"""The numbers in the navigation and the identity strip: six small queries, shared through the cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum

from drain.models import (
    DrainSession,
    Fingerprint,
    Phase,
    Run,
    Source,
    StateCount,
    StateDelta,
    WorkerHost,
)
from drain.models.vocabulary import LIVE_SESSION_STATES, FingerprintStatus, PhaseState

from .formats import masked

# A host says that it lives every few seconds; after this silence it is called silent.
SILENT_AFTER = timedelta(seconds=30)
# What was silent for a day is history and not a missing worker.
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShellCounts:
    """What the frame of every page says about the installation. Ages are for `imported_at`."""

    source: str = ""
    source_count: int = 0
    runs: int = 0
    phases: int = 0
    imported_at: datetime | None = None
    running_drains: int = 0
    fingerprints: int = 0
    queued: int = 0
    stale: int = 0
    workers_alive: int = 0
    workers_asked: int = 0
    by_state: dict[str, int] = field(default_factory=dict)


def read_counts(now: datetime) -> ShellCounts:
    """Read them all; exact at this moment (totals plus what is not folded into them yet)."""
    by_state = _by_state()
    alive, asked = _workers(now)
    sources = list(Source.objects.order_by("-imported_at", "pk")[:20])
    imported = [source.imported_at for source in sources if source.imported_at]
    return ShellCounts(
        source=_source_label(sources),
        source_count=len(sources),
        runs=Run.objects.count(),
        phases=sum(by_state.values()),
        imported_at=max(imported, default=None),
        running_drains=DrainSession.objects.filter(state__in=LIVE_SESSION_STATES).count(),
        fingerprints=_open_fingerprints(),
        queued=by_state.get(PhaseState.QUEUED, 0),
        stale=_stale(now),
        workers_alive=alive,
        workers_asked=asked,
        by_state=by_state,
    )


def _by_state() -> dict[str, int]:
    folded = StateCount.objects.values_list("state").annotate(n=Sum("count"))
    fresh = StateDelta.objects.values_list("state").annotate(n=Sum("delta"))
    totals: dict[str, int] = {}
    for state, count in (*folded, *fresh):
        totals[state] = totals.get(state, 0) + count
    return {state: count for state, count in totals.items() if count}


def _source_label(sources: list[Source]) -> str:
    if not sources:
        return "no source yet"
    newest = sources[0]
    label = str(newest.identity.get("label") or newest.url or newest.name)
    return masked(label) if len(sources) == 1 else f"{masked(label)} and {len(sources) - 1} more"


def _open_fingerprints() -> int:
    closed = (FingerprintStatus.RESOLVED, FingerprintStatus.MUTED)
    return Fingerprint.objects.filter(merged_into=None).exclude(status__in=closed).count()


def _stale(now: datetime) -> int:
    before = now - settings.DRAIN_STALE_AFTER
    return Phase.objects.filter(state=PhaseState.QUEUED, state_changed_at__lt=before).count()


def _workers(now: datetime) -> tuple[int, int]:
    hosts = WorkerHost.objects.filter(stopped_at=None, last_seen__gt=now - FORGOTTEN_AFTER)
    found = hosts.aggregate(
        alive=Count("pk", filter=Q(last_seen__gt=now - SILENT_AFTER)), asked=Count("pk")
    )
    return found["alive"], found["asked"]
