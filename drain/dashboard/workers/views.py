"""Hosts that drain: who is alive, how busy, what each can run, and what nobody can run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.frame.counts import FORGOTTEN_AFTER, SILENT_AFTER
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.engine.attempts.losses import losses
from drain.engine.source.outbox import unsettled
from drain.engine.workers.hosts import strength
from drain.engine.workers.schema import as_stored
from drain.engine.workers.timing import PROOF_SECONDS
from drain.models import Attempt, DrainSession, ExecutorProfile, WorkerHost, WorkerLoop
from drain.models.vocabulary import SessionState

SHOWN = 100
LOSSES_SHOWN_FOR = timedelta(days=1)


@requires()
def worker_list(request: HttpRequest) -> HttpResponse:
    """The page; live."""
    now = timezone.now()
    hosts = [_host(host, host.stored or "", now) for host in _recent(now)]
    able = {
        name
        for host in hosts
        if host["state"] == "alive" and not host["outdated"]
        for name in host["row"].profiles
    }
    profiles = list(ExecutorProfile.objects.order_by("name").values_list("name", flat=True))
    context = {
        "now": now,
        "hosts": hosts,
        "silent": sum(host["state"] == "silent" for host in hosts),
        "strength": strength(),
        "asked": _asked(),
        "unsettled": unsettled(),
        "losses": losses(since=now - LOSSES_SHOWN_FOR),
        "loops": _loops(now),
        "orphans": [name for name in profiles if name not in able],
        "profiles": len(profiles),
    }
    return page_or_fragment(request, "workers/page.html", "workers/_live.html", context)


def _recent(now: datetime) -> list[Any]:
    """Hosts, each with the version of the tables as `stored`."""
    found = WorkerHost.objects.annotate(stored=as_stored()).filter(
        last_seen__gt=now - FORGOTTEN_AFTER * 7
    )
    return list(found.order_by(F("stopped_at").desc(nulls_first=True), "host", "pid")[:SHOWN])


def _host(host: WorkerHost, schema: str, now: datetime) -> dict[str, Any]:
    silent = now - host.last_seen
    if host.stopped_at is not None:
        state = "ended"
    else:
        state = "silent" if silent > SILENT_AFTER else "stuck" if _is_stuck(host, now) else "alive"
    answered = host.last_answer is not None and now - host.last_answer < timedelta(minutes=5)
    outdated = host.stopped_at is None and host.schema not in ("", schema)
    return {"row": host, "state": state, "answered": answered, "outdated": outdated}


def _is_stuck(host: WorkerHost, now: datetime) -> bool:
    """Return whether it has been asked for an answer for too long; it is being started anew then."""
    return host.asked_at is not None and now - host.asked_at > timedelta(seconds=PROOF_SECONDS)


def _asked() -> int:
    """Places that running sessions ask workers for."""
    live = (SessionState.PLANNED, SessionState.RUNNING, SessionState.STOPPING)
    found = DrainSession.objects.filter(state__in=live, inline=False).aggregate(n=Sum("parallel"))
    return int(found["n"] or 0)


def _loops(now: datetime) -> list[dict[str, Any]]:
    """Phases that run right now, by worker and session."""
    alive = WorkerLoop.objects.filter(expires_at__gt=now).values("pk")
    found = Attempt.objects.filter(finished_at__isnull=True, loop__in=alive)
    counts = found.values("worker", "session").annotate(n=Count("pk")).order_by("worker")
    return [dict(row) for row in counts[:SHOWN]]
