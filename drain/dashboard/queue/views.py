"""Queued phases: how long, why, what waits for each, and the three ways out with their risk."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from drain.dashboard.drains.steps import NextStep
from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.lists.download import download, wanted
from drain.dashboard.lists.period import read_period
from drain.dashboard.queue.listing import EXPORTED, exported, page_of_queue, read_queue_order
from drain.dashboard.ui.commands import manage
from drain.engine.queue.blockers import QueueFilter, queue_size, queued_phases
from drain.engine.queue.holds import in_force
from drain.engine.source.outbox import unsettled
from drain.policy.actions import ActionSubject, for_reason
from drain.policy.reasons import ExclusionReason

SHOWN = 30
HOLDS = 50


@requires()
def queued_list(request: HttpRequest) -> HttpResponseBase:
    """The page; `run` and `stale` in the address narrow it, and it downloads."""
    now = timezone.now()
    asked, period = filter_of(request), read_period(request.GET, now)
    queued, stale = queue_size(asked, now)
    total = stale if asked.stale_only else queued
    order = read_queue_order(request, total)
    if kind := wanted(request):
        return download(kind, "queued", EXPORTED, exported(asked, order, now))
    page = page_of_queue(request, asked, order, now, SHOWN)
    known = {phase.pk: phase for phase in queued_phases(page.phases, asked, now)}
    context = {
        "now": now,
        "saved": SavedViews(request, "queued-list"),
        "phases": [known[pk] for pk in page.phases if pk in known],
        "order": order,
        "older": page.older,
        "place": page.place,
        "queued": queued,
        "stale": stale,
        "total": total,
        "filter": asked,
        "period": period,
        "filtered": bool(asked.run_id or asked.stale_only or period),
        "unsettled": unsettled(),
        "holds": list(in_force(now).order_by("-created_at")[:HOLDS]),
        "ways_out": [
            NextStep(way.label, way.risk, manage(way.argv))
            for way in for_reason(ExclusionReason.WAITS_FOR_QUEUED, ActionSubject())
        ],
    }
    return page_or_fragment(request, "queue/page.html", "queue/_list.html", context)


def filter_of(request: HttpRequest) -> QueueFilter:
    """The filter in the address."""
    run_id = request.GET.get("run", "").replace("\0", "").strip()[:300]
    period = read_period(request.GET, timezone.now())
    stale_only = request.GET.get("stale") == "1"
    return QueueFilter(run_id, stale_only=stale_only, since=period.since, until=period.until)
