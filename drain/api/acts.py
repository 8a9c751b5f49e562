"""What the API does: the same verbs as pages and commands, with exact results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from drain.engine.bulk.actions import DEEDS, Asked, Line
from drain.engine.bulk.worker import LARGE, MOST, Order, cancel_bulk, create_bulk
from drain.engine.errors import given_reason
from drain.engine.queue.blockers import QueueFilter, queued_ids
from drain.engine.sessions.idempotency import Repeat, start_once
from drain.engine.sessions.planning import Asked as DrainAsked
from drain.engine.sessions.planning import create_session
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

from .door import Answer, ApiError, Call
from .fields import flag, numbers, only, table, text, texts
from .reads import bulk, find_run, find_session

SESSION_VERBS: dict[str, Callable[[int, Actor], None]] = {
    "pause": pause_session,
    "resume": resume_session,
    "stop": stop_session_by_person,
    "cancel": cancel_session,
}
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
AGAIN = {"Idempotency-Replayed": "true"}
_EITHER = "phases names exactly what is meant: leave {} out, or leave phases out."
NOBODY = "No worker is alive, so it waits: start one with `manage.py up --role worker`."


def session_act(call: Call, pk: int, verb: str) -> Answer:
    """Pause, resume, stop or cancel; 409 when its state does not allow it."""
    only(call.body)
    find_session(pk)
    SESSION_VERBS[verb](pk, call.person)
    return Answer(session_result(find_session(pk)))


def drain_start(call: Call) -> Answer:
    """Freeze a plan and leave it to the workers; with an Idempotency-Key at most once."""
    only(call.body, "run_ids", "skip_run_prefixes", "fingerprints", "limits", "note")
    scope = SessionScope(
        run_ids=texts(call.body, "run_ids"),
        skip_run_prefixes=texts(call.body, "skip_run_prefixes"),
        fingerprints=texts(call.body, "fingerprints"),
    )
    for run_id in scope.run_ids:
        find_run(_storable(run_id))
    by = call.person
    asked = DrainAsked(
        scope,
        _limits(call),
        by.name,
        by.origin,
        text(call.body, "note", ""),
        address=by.address,
        token=by.token,
    )
    now, again = timezone.now(), False
    if call.repeat_key is None:
        session = create_session(asked, now)
        start_session(session)
    else:
        session, again = start_once(asked, _repeat(call, call.repeat_key), now)
    warning = None if strength().workers else NOBODY
    value = session_result(session) | {
        "href": f"/api/v1/sessions/{session.pk}",
        "warning": warning,
    }
    return Answer(value, status=201, headers=AGAIN if again else {})


def _repeat(call: Call, key: str) -> Repeat:
    if not _KEY.fullmatch(key):
        raise ApiError(
            422, "An Idempotency-Key has 1 to 200 printable ASCII characters and no space."
        )
    asked = json.dumps(call.body, sort_keys=True).encode()
    return Repeat(call.user.pk, key, hashlib.sha256(asked).hexdigest())


def clear_queued(call: Call) -> Answer:
    """Queued phases to complete, failed or skipped: those named, or all of a run, or all that are stale."""
    only(call.body, "phases", "run_id", "stale", "to", "reason")
    to = text(call.body, "to").upper()
    if to not in {PhaseState.COMPLETE, PhaseState.FAILED, PhaseState.SKIPPED}:
        raise ApiError(422, "to must be complete, failed or skipped.")
    phases, run_id, stale = _named(call), text(call.body, "run_id", ""), flag(call.body, "stale")
    if not phases and not run_id and not stale:
        raise ApiError(422, "Name phases by their ids, a run_id, or stale: true.")
    if phases and (run_id or stale):
        raise ApiError(422, _EITHER.format("run_id and stale"))
    if not phases:
        if run_id:
            find_run(_storable(run_id))
        asked = QueueFilter(run_id, stale_only=stale)
        phases = queued_ids(asked, timezone.now(), MOST + 1)
    return _act(call, "clear_queued", phases, {"to": to})


def requeue(call: Call) -> Answer:
    """Failed phases back into their pipeline's queue: those named, or all of a run."""
    only(call.body, "phases", "run_id", "reason")
    phases, run_id = _named(call), text(call.body, "run_id", "")
    if not phases and not run_id:
        raise ApiError(422, "Name phases by their ids, or a run_id.")
    if phases and run_id:
        raise ApiError(422, _EITHER.format("run_id"))
    if not phases:
        failed = Phase.objects.filter(run=find_run(_storable(run_id)), state=PhaseState.FAILED)
        phases = list(failed.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    return _act(call, "requeue", phases, {})


def bulk_cancel(call: Call, pk: int) -> Answer:
    """Do no further step; for who may do the act itself."""
    only(call.body)
    action = BulkAction.objects.filter(pk=pk).first()
    if action is None:
        raise ApiError(404, f"There is no bulk action {pk}.")
    if not call.user.has_perm(DEEDS[action.verb].permission):
        raise ApiError(403, "Only somebody who may do this act may cancel it.")
    cancel_bulk(pk, call.person)
    action.refresh_from_db()
    return Answer(bulk(action))


def _act(call: Call, verb: str, phases: list[int], given: dict[str, Any]) -> Answer:
    """At once, with one result for each phase; more than a request can take are a worker's (202)."""
    given |= {"reason": given_reason(text(call.body, "reason"))}
    if len(phases) > LARGE:
        order = Order(verb, verb.replace("_", " ").capitalize(), "phases", call.person, given)
        return Answer(bulk(create_bulk(order, phases)), status=202)
    lines: list[Line] = []
    DEEDS[verb].act(Asked(phases, given, call.person), lines.extend)
    done = sum(line.done for line in lines)
    return Answer({
        "done": done,
        "left_alone": len(lines) - done,
        "results": [
            {"id": line.pk, "label": line.label, "done": line.done, "said": line.said}
            for line in lines
        ],
    })  # fmt: skip


def _named(call: Call) -> list[int]:
    return list(numbers(call.body, "phases"))


def _storable(name: str) -> str:
    if len(name) > 300:
        raise ApiError(422, "A run_id has at most 300 characters.")
    return name


def _limits(call: Call) -> Limits:
    given = table(call.body, "limits")
    if not isinstance(given.get("until", ""), str | None):
        raise ApiError(422, "until must be a time like 2026-01-31T18:00+00:00.")
    return Limits.from_json(given).validate(timezone.now())
