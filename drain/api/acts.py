"""Acts of the API: the same verbs as pages and commands, with exact results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body
from ninja.responses import Status

from drain.engine.bulk.actions import ROW_ACTIONS, ConfirmedAction, RowResult
from drain.engine.bulk.worker import LARGE, MOST, BulkRequest, cancel_bulk, create_bulk
from drain.engine.errors import given_reason
from drain.engine.queue.blockers import QueueFilter, queued_ids
from drain.engine.queue.selection import PhaseFilter, count_selection, filtered_scope
from drain.engine.sessions.idempotency import Repeat, start_once
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import (
    Actor,
    cancel_session,
    pause_session,
    resume_session,
    start_session,
    stop_session_by_person,
)
from drain.engine.workers.hosts import strength
from drain.models import BulkAction, Phase
from drain.models.vocabulary import PhaseState
from drain.policy.stopping.limits import Limits

from . import answers
from .door import ApiError, Caller, caller
from .reads import bulk, find_run, find_session, read_filter
from .schemas import (
    EVERYTHING,
    ClearIn,
    DiscardIn,
    DrainIn,
    FilterIn,
    LimitsIn,
    RequeueIn,
    SelectionIn,
)
from .site import operation

SESSION_VERBS: dict[str, Callable[[int, Actor], None]] = {
    "pause": pause_session,
    "resume": resume_session,
    "stop": stop_session_by_person,
    "cancel": cancel_session,
}
CHANGE = "drain.change_drainsession"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEY_HEADER = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
            "description": "The same key with the same body starts one drain only; kept for a day.",
        }
    ]
}
_EITHER = "phases names exactly what is meant: leave {} out, or leave phases out."
NOBODY = "No worker is alive, so it waits: start one with `manage.py up --role worker`."


def _session_verb(name: str, verb: Callable[[int, Actor], None]) -> None:
    def act(request: HttpRequest, pk: int) -> dict[str, Any]:
        find_session(pk)
        verb(pk, caller(request).person)
        return session_result(find_session(pk))

    act.__doc__ = f"{name.capitalize()} a drain; 409 when its state does not allow it."
    path = f"sessions/{{int:pk}}/{name}"
    operation("POST", path, CHANGE, f"session-{name}", answers.SessionResult)(act)


for _name, _verb in SESSION_VERBS.items():
    _session_verb(_name, _verb)


@operation(
    "POST",
    "drains",
    "drain.add_drainsession",
    "drain-start",
    answers.DrainStarted,
    status=201,
    extra=_KEY_HEADER,
)
def drain_start(
    request: HttpRequest,
    response: HttpResponse,
    body: Body[DrainIn] = EVERYTHING,
) -> Status[Any]:
    """Freeze a plan and leave it to the workers; with an Idempotency-Key at most once."""
    who = caller(request)
    by = who.person
    asked = DrainRequest(
        scope_of(body), limits_of(body.limits), by.name, by.origin, body.note,
        address=by.address, token=by.token,
    )  # fmt: skip
    key, now = request.headers.get("Idempotency-Key"), timezone.now()
    if key is None:
        session = create_session(asked, now)
        start_session(session)
    else:
        session, again = start_once(asked, _repeat(who, key, body), now)
        if again:
            response["Idempotency-Replayed"] = "true"
    warning = None if strength().workers else NOBODY
    value = session_result(session) | {
        "href": f"/api/v1/sessions/{session.pk}",
        "warning": warning,
    }
    return Status(201, value)


def scope_of(body: DrainIn) -> SessionScope:
    """The scope of a drain; raises ApiError 404 for a run that is not there."""
    for run_id in body.run_ids:
        find_run(run_id)
    if body.filter is not None:
        if body.run_ids or body.fingerprints or body.sources:
            raise ApiError(
                422, "A filter has run_ids, fingerprints and sources of its own: use those."
            )
        return filtered_scope(filter_of(body.filter), tuple(body.skip_run_prefixes))
    return SessionScope(
        run_ids=tuple(body.run_ids),
        skip_run_prefixes=tuple(body.skip_run_prefixes),
        fingerprints=tuple(body.fingerprints),
        sources=tuple(body.sources),
    )


def limits_of(given: LimitsIn) -> Limits:
    """The limits that were sent, validated. Raises LimitError."""
    return Limits.from_json(given.model_dump(exclude_none=True)).validate(timezone.now())


def _repeat(who: Caller, key: str, body: DrainIn) -> Repeat:
    if not _KEY.fullmatch(key):
        raise ApiError(
            422, "An Idempotency-Key has 1 to 200 printable ASCII characters and no space."
        )
    asked = json.dumps(body.model_dump(exclude_unset=True), sort_keys=True).encode()
    return Repeat(who.user.pk, key, hashlib.sha256(asked).hexdigest())


@operation(
    "POST",
    "clear-queued",
    "drain.clear_queued",
    "clear-queued",
    answers.Moved,
    also={202: answers.Bulk},
)
def clear_queued(request: HttpRequest, body: ClearIn) -> Any:
    """Move queued phases: those named, or all of a run, or all that are stale."""
    phases = list(dict.fromkeys(body.phases))
    if not phases and not body.run_id and not body.stale:
        raise ApiError(422, "Name phases by their ids, a run_id, or stale: true.")
    if phases and (body.run_id or body.stale):
        raise ApiError(422, _EITHER.format("run_id and stale"))
    if not phases:
        if body.run_id:
            find_run(body.run_id)
        asked = QueueFilter(body.run_id, stale_only=body.stale)
        phases = queued_ids(asked, timezone.now(), MOST + 1)
    return _act(request, "clear_queued", phases, {"to": body.to.upper()}, body.reason)


@operation(
    "POST", "requeue", "drain.requeue_phase", "requeue", answers.Moved, also={202: answers.Bulk}
)
def requeue(request: HttpRequest, body: RequeueIn) -> Any:
    """Put failed phases back into their pipeline's queue: those named, all of a run, or all that match."""
    return _act(request, "requeue", _failed(body), {}, body.reason)


@operation(
    "POST", "discard", "drain.discard_phase", "discard", answers.Moved, also={202: answers.Bulk}
)
def discard(request: HttpRequest, body: DiscardIn) -> Any:
    """Give failed phases up as skipped, or call them complete: those named, all of a run, or all that match."""
    return _act(request, "discard", _failed(body), {"to": body.to.upper()}, body.reason)


@operation("POST", "selection", "drain.view_phase", "selection", answers.SelectionOut)
def selection(request: HttpRequest, body: SelectionIn) -> dict[str, Any]:
    """Count the phases that a filter means, before an act on them; writes nothing."""
    found = filter_of(body.filter).find(PhaseState(body.state))
    return count_selection(found).as_json()


@operation("POST", "bulk/{int:pk}/cancel", "drain.view_bulkaction", "bulk-cancel", answers.Bulk)
def bulk_cancel(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Do no further step; for who may do the act itself."""
    who = caller(request)
    action = BulkAction.objects.filter(pk=pk).first()
    if action is None:
        raise ApiError(404, f"There is no bulk action {pk}.")
    if not who.user.has_perm(ROW_ACTIONS[action.verb].permission):
        raise ApiError(403, "Only somebody who may do this act may cancel it.")
    cancel_bulk(pk, who.person)
    action.refresh_from_db()
    return bulk(action)


def filter_of(given: FilterIn) -> PhaseFilter:
    """The filter that was sent. Raises MomentError, or ApiError 422 for one that is empty."""
    found = read_filter(given)
    if found.is_empty:
        raise ApiError(422, "An empty filter would mean every phase there is: name something.")
    return found


def _found(given: FilterIn) -> QuerySet[Phase, int]:
    return filter_of(given).find(PhaseState.FAILED).values_list("pk", flat=True)


def _failed(body: RequeueIn) -> list[int]:
    """The phases that were named, or the failed ones of the run that was."""
    phases = list(dict.fromkeys(body.phases))
    if not phases and not body.run_id and body.filter is None:
        raise ApiError(422, "Name phases by their ids, a run_id, or a filter.")
    if phases and (body.run_id or body.filter):
        raise ApiError(422, _EITHER.format("run_id and filter"))
    if body.filter is not None:
        if body.run_id:
            raise ApiError(422, "A filter has run_ids of its own: leave run_id out.")
        return list(_found(body.filter)[: MOST + 1])
    if phases:
        return phases
    failed = Phase.objects.filter(run=find_run(body.run_id), state=PhaseState.FAILED)
    return list(failed.order_by("pk").values_list("pk", flat=True)[: MOST + 1])


def _act(
    request: HttpRequest, verb: str, phases: list[int], given: dict[str, Any], reason: str
) -> Status[Any]:
    """Move phases at once, with one result for each; more than a request can take are a worker's (202)."""
    by = caller(request).person
    given |= {"reason": given_reason(reason)}
    if len(phases) > LARGE:
        order = BulkRequest(verb, verb.replace("_", " ").capitalize(), "phases", by, given)
        return Status(202, bulk(create_bulk(order, phases)))
    lines: list[RowResult] = []
    ROW_ACTIONS[verb].act(ConfirmedAction(phases, given, by), lines.extend)
    done = sum(line.done for line in lines)
    results = [
        {"id": line.pk, "label": line.label, "done": line.done, "said": line.said} for line in lines
    ]
    return Status(200, {"done": done, "left_alone": len(lines) - done, "results": results})
