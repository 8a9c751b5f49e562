"""The list of drains, and the page of one: live while it runs, the same address afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.drains import queries
from drain.dashboard.drains.again import ways_again
from drain.dashboard.drains.gauges import GaugeView, limits_off, other_limits, session_gauges
from drain.dashboard.drains.names import executors_timeout
from drain.dashboard.drains.progress import progress
from drain.dashboard.drains.stop_card import stop_cards
from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.cache import shared
from drain.dashboard.http.links import report_href
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.dashboard.http.search_terms import cleaned
from drain.dashboard.lists.listing import Listing, page_of
from drain.dashboard.lists.order import Column
from drain.dashboard.lists.period import read_period
from drain.dashboard.ui.commands import drain_command
from drain.dashboard.ui.states import drain_state, look
from drain.engine.attempts.losses import losses
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import can_be_taken_back
from drain.engine.workers.capability import without_host
from drain.models import Candidate, DrainSession, SessionRun
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState
from drain.policy.reasons import ExclusionReason
from drain.policy.stopping.limits import Limits
from drain.policy.words import counted

LISTED = 30
LISTING = Listing(
    "drains",
    (
        Column("number", "Number", "pk", indexed=True, kind="time"),
        Column("state", "State", "state", kind="name"),
        Column("started", "Started", "created_at", kind="time"),
        Column("by", "By", "started_by", kind="name"),
        Column("selected", "Selected", "selected"),
        Column("complete", "Complete", "all_complete"),
        Column("failed", "Failed", "all_failed"),
        Column("retryable", "Retryable", "all_retryable"),
        Column("took", "Took", "lasted", kind="duration"),
    ),
    "-number",
    {
        "number": "pk", "state": "state", "stop_reason": "stop_reason", "by": "started_by", "note": "note",
        "asked": "created_at", "started": "started_at", "ended": "ended_at", "of_failed": "total_failed",
        "selected": "selected", "complete": "all_complete", "failed": "all_failed", "retryable": "all_retryable",
    },
)  # fmt: skip
# A list shows little of a drain; its plan, limits and counts before and after are long texts.
_LISTED = (
    "state", "stop_reason", "stop_card", "note", "started_by", "total_failed", "selected",
    "created_at", "started_at", "ended_at", "rested", "resting_since",
)  # fmt: skip
_NO_COUNTS = {"complete": 0, "failed": 0, "retryable": 0}
KEEP_SECONDS = 60


@requires()
def session_list(request: HttpRequest) -> HttpResponseBase:
    """Drains, newest first; a state, a person and a range of dates in the address narrow them."""
    now = timezone.now()
    asked, by = request.GET.get("state", ""), cleaned(request.GET.get("by", ""))
    q = cleaned(request.GET.get("q", ""))
    state, period = asked if asked in SessionState.values else "", read_period(request.GET, now)
    found = period.narrow(DrainSession.objects.all(), "created_at")
    if state:
        found = found.filter(state=state)
    if by:
        found = found.filter(started_by__icontains=by)
    if q:
        found = found.filter(Q(note__icontains=q) | Q(started_by__icontains=q))
    if file := LISTING.file(request, _counted(found)):
        return file
    counted = request.GET.get("sort", "").removeprefix("-") in (*_NO_COUNTS, "took")
    shown = _counted(found) if counted else found
    page = page_of(request, LISTING, shown.only(*_LISTED), LISTED)
    counts = _list_counts(page.rows)
    context = {
        "now": now,
        "saved": SavedViews(request, "session-list"),
        "drains": [
            _NO_COUNTS
            | counts.get(session.pk, {})
            | {"session": session, "took": session.worked(now) if session.started_at else None}
            for session in page.rows
        ],
        "order": page.order,
        "place": page.place,
        "state": state,
        "by": by,
        "q": q,
        "period": period,
        "filtered": bool(state or by or q or period),
        "states": [(name, look(name).word) for name in SessionState.values],
    }
    return page_or_fragment(request, "drains/list.html", "drains/_list.html", context)


def _counted(found: QuerySet[DrainSession]) -> QuerySet[DrainSession]:
    """Annotate drains with the sums of their runs, to sort by and to download."""
    runs = SessionRun.objects.filter(session=OuterRef("pk")).order_by().values("session")
    sums = {
        f"all_{name}": Coalesce(Subquery(runs.annotate(n=Sum(name)).values("n")), 0)
        for name in _NO_COUNTS
    }
    return found.annotate(lasted=F("ended_at") - F("started_at"), **sums)


def _list_counts(sessions: list[DrainSession]) -> dict[int, dict[str, int]]:
    """The sums of each session; those that have ended change no more."""
    ended = [(session.pk, session.ended_at) for session in sessions if session.ended_at]
    done = [pk for pk, _ in ended]
    going = [session.pk for session in sessions if not session.ended_at]
    kept = shared(f"sums:{hash(tuple(ended))}", KEEP_SECONDS, lambda: _sums(done))
    return kept | _sums(going)


def _sums(pks: list[int]) -> dict[int, dict[str, int]]:
    sums = {f"all_{name}": Sum(name) for name in _NO_COUNTS}
    found = SessionRun.objects.filter(session__in=pks).values("session").annotate(**sums)
    return {
        pk: dict(zip(_NO_COUNTS, counts, strict=True))
        for pk, *counts in found.values_list("session", *sums)
    }


@requires()
def session_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One drain: as a page, or for a refresh only the part that changes."""
    session = get_object_or_404(DrainSession, pk=pk)
    now = timezone.now()
    context = live_context(request, session, now)
    # An ended session changes no more.
    return page_or_fragment(
        request,
        "drains/page.html",
        "drains/_live.html",
        context,
        over=not context["live"],
    )


@dataclass(frozen=True, slots=True)
class _Books:
    """The counts of a session, and the plan that is shown beside them when it has ended."""

    counts: dict[str, Any]
    plan: queries.PlanState
    gauges: list[GaugeView]
    verdicts: list[dict[str, Any]]
    planned: list[Candidate]


def _books(session: DrainSession, limits: Limits, now: datetime) -> _Books:
    """Return the books as they are now; those of a session that has ended change no more."""
    live = session.state in LIVE_SESSION_STATES

    def read() -> _Books:
        counts = session_counts(session.pk)
        return _Books(
            counts=counts,
            plan=queries.plan_state(session, counts),
            gauges=session_gauges(session, limits, counts, now),
            verdicts=queries.verdicts(session.pk),
            planned=[] if live else queries.plan_against_actual(session.pk),
        )

    # After an interruption attempts that got lost end late.
    if live or session.state == SessionState.INTERRUPTED:
        return read()
    return shared(f"books:{session.pk}:{session.ended_at}".replace(" ", "T"), KEEP_SECONDS, read)


def live_context(request: HttpRequest, session: DrainSession, now: datetime) -> dict[str, Any]:
    """Everything that the live part of the page shows."""
    limits = Limits.from_json(session.limits)
    live = session.state in LIVE_SESSION_STATES
    books = _books(session, limits, now)
    counts, plan, gauges, verdicts = books.counts, books.plan, books.gauges, books.verdicts
    running = queries.running_attempts(session.pk, now) if live else []
    # Who watched its end keeps the page as it stood, with a line that says so and leads on.
    watched = not live and "X-Drain-Refresh" in request.headers
    return {
        "now": now,
        "session": session,
        # The runs of a session never change, and what their sources say only with an import.
        "sources": shared(
            f"sources:{session.pk}", KEEP_SECONDS, lambda: queries.sources(session.pk)
        ),
        "fix": shared(f"fix:{session.pk}", KEEP_SECONDS, lambda: queries.fix_before(session)),
        "live": live,
        "watched": watched,
        "taken_back": can_be_taken_back(session),
        "report_address": request.build_absolute_uri(report_href(session.pk)),
        "tab": tab(session, live),
        "no_host": without_host(session.pk) if live and not session.inline else None,
        **_limits_context(limits, gauges),
        "counts": counts,
        "progress": progress(session, counts, plan, now, going=live or watched),
        **_plan_context(session, plan),
        "running": running,
        "most_running": queries.RUNNING,
        "losses": losses(session=session.pk) if counts["lost"] else [],
        "results": queries.results(
            session.pk, number_in(request, "before"), number_in(request, "after")
        ),
        "verdicts": verdicts[: queries.VERDICTS],
        "more_verdicts": len(verdicts) > queries.VERDICTS,
        "planned": books.planned,
        "again": [] if live else ways_again(session, counts, plan.waiting + plan.left),
        "cards": stop_cards(session, plan, verdicts),
        "command": drain_command(SessionScope.from_json(session.scope), limits, session.note),
    }


def _limits_context(limits: Limits, gauges: list[GaugeView]) -> dict[str, Any]:
    return {
        "limits": limits,
        "limits_off": limits_off(limits),
        "other_limits": other_limits(limits, shared("timeout", KEEP_SECONDS, executors_timeout)),
        "gauges": gauges,
        "near": sum(gauge.near and gauge.fault for gauge in gauges),
        "tripped": sum(gauge.tripped for gauge in gauges),
    }


def _plan_context(session: DrainSession, plan: queries.PlanState) -> dict[str, Any]:
    return {
        "plan": plan,
        "reason_rows": _reason_rows(session, plan),
        "most": max((count for _, count in plan.reasons), default=0),
        "excluded": sum(session.ledger.values()) + plan.left,
    }


def tab(session: DrainSession, live: bool) -> dict[str, str]:
    """Return title and icon of the browser's tab, for people who wait for a drain elsewhere."""
    number = f"Drain {session.pk}"
    shown = look(drain_state(session))
    word = number if live else f"{shown.word}: {number}"
    mark = "favicon" if live else _ICONS.get(shown.css, "favicon-stopped")
    return {"word": word, "title": f"{word} · drainsite", "icon": f"drain/icons/{mark}.svg"}


_ICONS = {"s-complete": "favicon-finished"}


def _reason_rows(session: DrainSession, plan: queries.PlanState) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "count": count,
            "href": reverse("drain:session-excluded", args=[session.pk, code]),
        }
        for code, count in plan.reasons
    ]


@requires()
def session_excluded(request: HttpRequest, pk: int, reason: str) -> HttpResponse:
    """The phases behind one reason of the ledger."""
    session = get_object_or_404(DrainSession, pk=pk)
    if reason not in list(ExclusionReason):
        raise Http404
    after = number_in(request, "after") or 0
    found = queries.excluded(pk, reason, after)
    shown = found[: queries.PLANNED]
    context = {
        "now": timezone.now(),
        "session": session,
        "reason": reason,
        "sentence": ExclusionReason(reason).sentence,
        "rows": shown,
        "older": shown[-1].pk if len(found) > len(shown) else 0,
        "total": session.ledger.get(reason),
        "shown": counted(len(shown), "phase"),
    }
    return render(request, "drains/excluded.html", context)
