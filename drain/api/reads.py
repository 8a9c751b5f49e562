"""What the API shows: sessions, phases, runs, bulk actions and the overview; lists by keyset, newest or lowest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from drain.engine.queue.blockers import QueueFilter, queue_size
from drain.engine.queue.explain import explain
from drain.engine.sessions.results import session_result
from drain.engine.workers.hosts import strength
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.rollups.fold import state_counts, state_totals
from drain.models import BulkAction, BulkItem, DrainSession, FixMarker, Phase, Run
from drain.models.vocabulary import LIVE_SESSION_STATES, PhaseState, SessionState

from .door import Answer, ApiError, Call
from .fields import LISTED, MOST_LISTED, known, query_number, query_text

M = TypeVar("M", bound=Model)
TEXT_SHOWN = 2_000
"""Characters of a failure reason in a list."""


def overview(call: Call) -> Answer:
    """Phases by state, the queue, live drains and workers."""
    known(call.query)
    states, workers = state_totals(), strength()
    _, stale = queue_size(QueueFilter(), timezone.now())
    live = DrainSession.objects.filter(state__in=LIVE_SESSION_STATES).order_by("-pk")[:MOST_LISTED]
    return Answer({
        "phases": states,
        "queued": states.get(PhaseState.QUEUED, 0),
        "stale": stale,
        "workers": {"hosts": workers.hosts, "workers": workers.workers, "slots": workers.slots, "busy": workers.busy},
        "live_sessions": [_session(session) for session in live],
    })  # fmt: skip


def session_list(call: Call) -> Answer:
    """Sessions, newest first; `state` narrows."""
    known(call.query, "state", "after", "limit")
    found = DrainSession.objects.order_by("-pk")
    if state := _one_of(call, "state", SessionState.values):
        found = found.filter(state=state)
    return _page(call, found, _session, newest=True)


def session_detail(call: Call, pk: int) -> Answer:
    """One session, as `drain --json` prints it, with what was asked for."""
    known(call.query)
    session = find_session(pk)
    return Answer(_session(session) | session_result(session))


def phase_list(call: Call) -> Answer:
    """Phases by id; `state`, `run` and `fingerprint` narrow."""
    known(call.query, "state", "run", "fingerprint", "after", "limit")
    found = Phase.objects.select_related("run").order_by("pk")
    if state := _one_of(call, "state", PhaseState.values):
        found = found.filter(state=state)
    if run_id := query_text(call.query, "run"):
        found = found.filter(run=find_run(run_id))
    if key := query_text(call.query, "fingerprint"):
        found = found.filter(last_fingerprint=key, state=PhaseState.FAILED)
    return _page(call, found, _phase)


def phase_why(call: Call, pk: int) -> Answer:
    """Why one phase is not drained, as its page and `manage.py why --json` say it."""
    known(call.query)
    phase = Phase.objects.select_related("run").filter(pk=pk).first()
    if phase is None:
        raise ApiError(404, f"There is no phase {pk}.")
    ids = {"run_id": phase.run.run_id, "phase_id": phase.phase_id, "state": phase.state}
    return Answer(explain(phase, timezone.now()).as_json() | ids)


def run_list(call: Call) -> Answer:
    """Runs, newest first, with their phases by state."""
    known(call.query, "after", "limit")
    answer = _page(call, Run.objects.select_related("executor").order_by("-pk"), _run, newest=True)
    states = state_counts([item["id"] for item in answer.value["items"]])
    for item in answer.value["items"]:
        item["phases"] = states.get(item["id"], {})
    return answer


def bulk_detail(call: Call, pk: int) -> Answer:
    """A bulk action: how far it is, and the rows that it left alone, a page at a time."""
    known(call.query, "after", "limit")
    action = BulkAction.objects.filter(pk=pk).first()
    if action is None:
        raise ApiError(404, f"There is no bulk action {pk}.")
    left = BulkItem.objects.filter(action=action, done=False).order_by("pk")
    return Answer(bulk(action) | {"left_alone_rows": _page(call, left, _item).value})


def fix_detail(call: Call, pk: int) -> Answer:
    """A fix and whether it works, as its page and `compare --marker` say it."""
    known(call.query)
    marker = FixMarker.objects.select_related("source").filter(pk=pk).first()
    if marker is None:
        raise ApiError(404, f"There is no fix marker {pk}.")
    return Answer({
        "id": marker.pk, "title": marker.title, "applied_at": marker.applied_at.isoformat(),
        "commit": marker.commit, "source": marker.source.name if marker.source else None,
        "run_ids": marker.run_ids, "verdict": judge_marker(marker).as_dict(),
    })  # fmt: skip


def find_session(pk: int) -> DrainSession:
    """The session, or 404."""
    session = DrainSession.objects.filter(pk=pk).first()
    if session is None:
        raise ApiError(404, f"There is no drain session {pk}.")
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


def _page(
    call: Call, found: QuerySet[M], shown: Callable[[M], dict[str, Any]], *, newest: bool = False
) -> Answer:
    """A page behind row `after`, and the address of the next one; null at the end."""
    limit = max(1, query_number(call.query, "limit", LISTED, MOST_LISTED))
    if "after" in call.query:
        after = query_number(call.query, "after", 0)
        found = found.filter(**{"pk__lt" if newest else "pk__gt": after})
    rows = list(found[: limit + 1])
    more = None
    if len(rows) > limit:
        query = call.query.copy()
        query["after"] = str(rows[limit - 1].pk)
        more = f"{call.path}?{query.urlencode()}"
    return Answer({"items": [shown(row) for row in rows[:limit]], "next": more})


def _one_of(call: Call, name: str, values: list[str]) -> str:
    asked = query_text(call.query, name)
    if asked and asked not in values:
        raise ApiError(422, f"{name} must be one of {', '.join(values)}.")
    return asked


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
