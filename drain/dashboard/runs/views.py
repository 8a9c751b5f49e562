"""The list of runs and the page of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone

from drain.dashboard.frame.frame import shared_counts
from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.dashboard.lists.download import download
from drain.dashboard.lists.download import wanted as download_wanted
from drain.dashboard.lists.order import MOST as LONGEST
from drain.dashboard.lists.order import begins_at, read_order, sorts_all
from drain.dashboard.lists.period import read_period
from drain.dashboard.runs.before_after import happened, read_past
from drain.dashboard.runs.detail_query import dependency_graph, holds_on, holds_still, run_table
from drain.dashboard.runs.list_count import how_many
from drain.dashboard.runs.list_export import EXPORTED, exported
from drain.dashboard.runs.list_order import COLUMNS
from drain.dashboard.runs.list_query import (
    PAGE,
    RunFilter,
    run_page,
    sorted_page,
)
from drain.dashboard.ticked.question import MOST, matching_of
from drain.dashboard.ui.commands import manage
from drain.engine.notes import latest_on_runs, notes_on
from drain.engine.queue.blockers import QueueFilter, oldest_queued
from drain.evidence.rollups.fold import counts_of_run
from drain.models import Phase, Run, Source
from drain.models.vocabulary import WORKING_STATES, PhaseState

STATE_ORDER = ("COMPLETE", "FAILED", "EXECUTING", "GATE", "CI_RUNNING", "QUEUED", "SKIPPED")
STATE_CHOICES = (
    ("", "Any state"),
    ("FAILED", "With failed phases"),
    ("QUEUED", "With queued phases"),
    ("WORKING", "With running phases"),
    ("COMPLETE", "With complete phases"),
    ("SKIPPED", "With skipped phases"),
)
NAMED_SOURCES = 100
BLOCKERS = 8
"""Queued phases among which the one that holds most back is looked for."""


@requires()
def run_list(request: HttpRequest) -> HttpResponseBase:
    """Runs, those with most failed phases first; every filter is in the address, and so is a download."""
    now = timezone.now()
    wanted = RunFilter.read(request.GET.dict(), read_period(request.GET, now))
    left = _left(wanted, now)
    # Words are looked for among the newest first, which finds common ones at once.
    order = read_order(request, COLUMNS, "-created" if wanted.q else "-failed", sorts_all(left))
    if kind := download_wanted(request):
        return download(kind, "runs", EXPORTED, exported(wanted, order, now))
    if order.column.name == "created" and order.descending:
        page = run_page(wanted, number_in(request, "before"), number_in(request, "after"), now)
    else:
        page = sorted_page(wanted, order, begins_at(request), now)
    context = {
        "now": now,
        "saved": SavedViews(request, "run-list"),
        "wanted": wanted,
        "order": order,
        "page": page,
        "sources": list(Source.objects.order_by("name").values_list("pk", "name")[:NAMED_SOURCES]),
        "states": STATE_CHOICES,
        "clear": link("run-list"),
        "acts": _acts(request),
        "most_at_once": MOST,
        "matching": matching_of(
            request,
            beyond=len(page.rows) == PAGE,
            count=lambda: page.matching or (how_many(wanted, now, MOST + 1) if wanted.q else left),
        ),
        "notes": latest_on_runs([row.run.pk for row in page.rows]),
    }
    return page_or_fragment(request, "runs/list.html", "runs/_list.html", context)


def _left(wanted: RunFilter, now: datetime) -> int:
    """Runs that the filter leaves but for its words, counted a little further than every column sorts."""
    rest = replace(wanted, q="")
    # The frame has counted all runs; to count what words leave is to look for them everywhere.
    if wanted.q and not rest.active:
        return shared_counts().runs
    return how_many(rest, now, LONGEST + 1)


def _acts(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the acts on ticked runs that the person may use."""
    acts = (
        ("drain.add_drainsession", "Drain…", link("runs-drain")),
        ("drain.hold_run", "Hold…", link("runs-hold")),
    )
    return [
        {"label": label, "href": href} for may, label, href in acts if request.user.has_perm(may)
    ]


@requires()
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one run: its obstacles, its phases with their attempts in time, and their dependencies."""
    runs: QuerySet[Any] = Run.objects.select_related("source", "executor").annotate(
        counts=counts_of_run()
    )
    run = get_object_or_404(runs, pk=pk)
    now, counts = timezone.now(), run.counts
    asked = QueueFilter(run_id=run.run_id)
    blockers = oldest_queued(asked, now, BLOCKERS) if counts.get(PhaseState.QUEUED) else []
    holds = holds_on(run)
    whole = request.GET.get("time") == "all"
    table = run_table(run, _after(request, pk), now, whole=whole)
    what = happened(run, table.period, now)
    context: dict[str, Any] = {
        "now": now,
        "run": run,
        "counts": [(state, counts[state]) for state in STATE_ORDER if counts.get(state)],
        "total": sum(counts.values()),
        "headline": _headline(counts),
        "failed": counts.get(PhaseState.FAILED, 0),
        "blocker": max(blockers, key=lambda found: found.blocks, default=None),
        "holds": holds,
        "holding": [held for held in holds if holds_still(held, now)],
        "notes": list(notes_on(run)),
        "past": read_past(run, counts, what),
        "table": table,
        "fixes": table.fixes(what.fixes),
        "whole": whole,
        "paged": "after" in request.GET,
        "drain_href": link("session-new", run=run.run_id),
        "queued_href": link("queued-list", run=run.run_id),
        "outcomes": ("complete", "failed", "retryable", "timeout", "lost"),
    }
    if "HX-Request" not in request.headers:
        context["graph"] = dependency_graph(run)
        context["hold_command"] = manage(["hold", run.run_id, "--reason", "TEXT"])
    return page_or_fragment(request, "runs/page.html", "runs/_live.html", context)


def _after(request: HttpRequest, run: int) -> tuple[int, int] | None:
    """The place after which a further page of phases begins; a phase of another run is none."""
    pk = number_in(request, "after")
    if pk is None:
        return None
    return Phase.objects.filter(pk=pk, run=run).values_list("place", "pk").first()


def _headline(counts: dict[str, int]) -> tuple[str, str]:
    """State and words of the badge beside the title: the worst that a person should know first."""
    working = sum(counts.get(state, 0) for state in WORKING_STATES)
    if counts.get(PhaseState.FAILED):
        return "failed", f"{counts[PhaseState.FAILED]:,} failed"
    if working:
        return "running", f"{working:,} running"
    if counts.get(PhaseState.QUEUED):
        return "queued", f"{counts[PhaseState.QUEUED]:,} queued"
    return ("complete", "Complete") if counts else ("skipped", "No phases")
