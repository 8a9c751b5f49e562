"""Reads of the API: sessions, phases, runs, bulk actions and the overview;
lists by keyset, newest or lowest first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query

from drain.engine.queue.blockers import QueueFilter, queue_size
from drain.engine.queue.explain import explain
from drain.engine.queue.selection import PhaseFilter
from drain.engine.sessions.results import session_result
from drain.engine.workers.hosts import strength
from drain.evidence.rollups.fold import state_counts, state_totals
from drain.models import BulkAction, BulkItem, DrainSession, Phase, Run
from drain.models.vocabulary import LIVE_SESSION_STATES, PhaseState
from drain.policy.moments import read_moment

from . import answers
from .door import ApiError
from .schemas import MOST_LISTED, FilterFields, Listing, PhaseListing, SessionListing
from .site import operation

M = TypeVar("M", bound=Model)
TEXT_SHOWN = 2_000
"""Characters of a failure reason in a list."""
SEE_SESSION = "drain.view_drainsession"
SEE_PHASE = "drain.view_phase"


@operation("GET", "overview", SEE_PHASE, "overview", answers.Overview)
def overview(request: HttpRequest) -> dict[str, Any]:
    """Phases by state, the queue, live drains and workers."""
    states, workers = state_totals(), strength()
    _, stale = queue_size(QueueFilter(), timezone.now())
    live = DrainSession.objects.filter(state__in=LIVE_SESSION_STATES).order_by("-pk")[:MOST_LISTED]
    return {
        "phases": states,
        "queued": states.get(PhaseState.QUEUED, 0),
        "stale": stale,
        "workers": {"hosts": workers.hosts, "workers": workers.workers, "slots": workers.slots, "busy": workers.busy},
        "live_sessions": [_session(session) for session in live],
    }  # fmt: skip


@operation("GET", "sessions", SEE_SESSION, "session-list", answers.SessionPage)
def session_list(request: HttpRequest, listing: Query[SessionListing]) -> dict[str, Any]:
    """Sessions, newest first; `state` narrows."""
    found = DrainSession.objects.order_by("-pk")
    if listing.state:
        found = found.filter(state=listing.state)
    return page(request, listing, found, _session, newest=True)


@operation("GET", "sessions/{int:pk}", SEE_SESSION, "session-detail", answers.SessionDetail)
def session_detail(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One session, as `drain --json` prints it, with what was asked for."""
    session = find_session(pk)
    return _session(session) | session_result(session)


@operation("GET", "phases", SEE_PHASE, "phase-list", answers.PhasePage)
def phase_list(request: HttpRequest, listing: Query[PhaseListing]) -> dict[str, Any]:
    """Phases by id; `state`, `run`, `fingerprint` and the fields of a filter narrow."""
    state = PhaseState(listing.state) if listing.state else None
    found = read_filter(listing).find(state).select_related("run")
    if listing.run:
        found = found.filter(run=find_run(listing.run))
    if listing.fingerprint:
        found = found.filter(last_fingerprint=listing.fingerprint, state=PhaseState.FAILED)
    return page(request, listing, found, _phase)


@operation("GET", "phases/{int:pk}/why", SEE_PHASE, "phase-why", answers.Why)
def phase_why(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The reason why one phase is not drained, as its page and `manage.py why --json` say it."""
    phase = Phase.objects.select_related("run").filter(pk=pk).first()
    if phase is None:
        raise ApiError(404, f"There is no phase {pk}.")
    ids = {"run_id": phase.run.run_id, "phase_id": phase.phase_id, "state": phase.state}
    return explain(phase, timezone.now()).as_json() | ids


@operation("GET", "runs", "drain.view_run", "run-list", answers.RunPage)
def run_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Runs, newest first, with their phases by state."""
    answer = page(
        request, listing, Run.objects.select_related("executor").order_by("-pk"), _run, newest=True
    )
    states = state_counts([item["id"] for item in answer["items"]])
    for item in answer["items"]:
        item["phases"] = states.get(item["id"], {})
    return answer


@operation("GET", "bulk/{int:pk}", "drain.view_bulkaction", "bulk-detail", answers.BulkDetail)
def bulk_detail(request: HttpRequest, pk: int, listing: Query[Listing]) -> dict[str, Any]:
    """A bulk action: how far it is, and the rows that it left alone, a page at a time."""
    action = BulkAction.objects.filter(pk=pk).first()
    if action is None:
        raise ApiError(404, f"There is no bulk action {pk}.")
    left = BulkItem.objects.filter(action=action, done=False).order_by("pk")
    return bulk(action) | {"left_alone_rows": page(request, listing, left, _item)}


def read_filter(given: FilterFields) -> PhaseFilter:
    """The filter that these fields say; it may be empty. Raises MomentError."""
    now = timezone.localtime()
    times = ("since", "before")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name in FilterFields.model_fields
        if name not in times and (value := getattr(given, name)) is not None
    }
    typed = {name: getattr(given, name) for name in times}
    values |= {name: read_moment(text, now) for name, text in typed.items() if text}
    return PhaseFilter(**values)


def find_session(pk: int) -> DrainSession:
    """The session, or 404."""
    session = DrainSession.objects.filter(pk=pk).first()
    if session is None:
        raise ApiError(404, f"There is no drain {pk}.")
    return session


def find_run(run_id: str) -> Run:
    """The run of that name, or 404."""
    run = Run.objects.filter(run_id=run_id).first()
    if run is None:
        raise ApiError(404, f"There is no run “{run_id[:60]}”.")
    return run


def bulk(action: BulkAction) -> dict[str, Any]:
    """A bulk action as JSON."""
    return {
        "bulk": action.pk,
        "verb": action.verb,
        "state": action.state,
        "total": action.total,
        "done": action.done,
        "left_alone": action.left_alone,
        "error": action.error,
        "href": f"/api/v1/bulk/{action.pk}",
    }


def page(
    request: HttpRequest,
    listing: Listing,
    found: QuerySet[M],
    shown: Callable[[M], dict[str, Any]],
    *,
    newest: bool = False,
) -> dict[str, Any]:
    """A page behind row `after`, and the address of the next one; null at the end."""
    if listing.after is not None:
        found = found.filter(**{"pk__lt" if newest else "pk__gt": listing.after})
    rows = list(found[: listing.limit + 1])
    more = None
    if len(rows) > listing.limit:
        query = request.GET.copy()
        query["after"] = str(rows[listing.limit - 1].pk)
        more = f"{request.path}?{query.urlencode()}"
    return {"items": [shown(row) for row in rows[: listing.limit]], "next": more}


def _session(session: DrainSession) -> dict[str, Any]:
    return {
        "session": session.pk,
        "state": session.state,
        "stop_reason": session.stop_reason or None,
        "selected": session.selected,
        "total_failed": session.total_failed,
        "parallel": session.parallel,
        "started_by": session.started_by,
        "note": session.note,
        "created_at": session.created_at,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "id": phase.pk,
        "run_id": phase.run.run_id,
        "phase_id": phase.phase_id,
        "tier_index": phase.tier_index,
        "phase_index": phase.phase_index,
        "name": phase.name,
        "state": phase.state,
        "state_changed_at": phase.state_changed_at,
        "attempts": phase.attempts,
        "last_failure_reason": phase.last_failure_reason[:TEXT_SHOWN],
        "fingerprint": phase.last_fingerprint or None,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "run_id": run.run_id,
        "name": run.name,
        "order": run.order,
        "max_parallel": run.max_parallel,
        "executor": run.executor.name if run.executor else None,
        "created_at": run.created_at,
    }


def _item(item: BulkItem) -> dict[str, Any]:
    return {"id": item.target, "label": item.label, "done": item.done, "said": item.said}
