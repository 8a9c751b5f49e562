"""Acts on many rows, done by a worker in steps: asked for, done, cancelled, and gone on with after a death.

The rows are frozen when somebody asks, and each gets one result, written in the transaction of the act
on it. A task is only a wake-up: lost, doubled or killed in the middle of a step, it changes nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from drain.engine.bulk.actions import (
    ROW_ACTIONS,
    ConfirmedAction,
    RowAction,
    RowResult,
    json_values,
)
from drain.engine.errors import EngineError
from drain.engine.workers.broker import send
from drain.models import BulkAction
from drain.models.audit import Person, Subject, record_audit
from drain.models.transitions import bulk as door
from drain.models.vocabulary import BulkState, Origin
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError

LARGE = 1_000
"""More rows than this are a worker's: a request answers within seconds."""
MOST = 1_000_000
SLICE_SECONDS = 60.0
"""After this long it queues itself again, so that other maintenance takes its turn."""
SILENT_SECONDS = 30.0
"""A holder that ended no step for this long is dead; a live one that is only slow does no harm either."""
TRIES = 5
BULK_TASK = "drain.tasks.act_in_bulk"
CLUSTER = "maintenance"
REFUSALS = (EngineError, LimitError, CycleError)


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """A bulk action that somebody confirmed."""

    verb: str
    label: str
    things: str
    by: Person
    given: dict[str, Any] = field(default_factory=dict)
    back: str = ""
    """Address of the list it was asked from, with its filters."""


def create_bulk(order: BulkRequest, targets: Sequence[int]) -> BulkAction:
    """Freeze the rows and wake a worker. Raises EngineError."""
    if len(targets) > MOST:
        raise EngineError(f"That is more than {MOST:,} rows: narrow it with a filter first.")
    reason = ConfirmedAction((), order.given, order.by).reason
    with transaction.atomic():
        action = BulkAction.objects.create(
            verb=order.verb,
            label=order.label[:200],
            things=order.things[:60],
            given=json_values(order.given),
            reason=reason,
            actor=order.by.name[:200],
            origin=order.by.origin,
            address=order.by.address[:64],
            back=order.back,
        )
        door.freeze(action.pk, targets)
        action.refresh_from_db()
        told = {"verb": order.verb, "rows": action.total, "given": action.given}
        record_audit(order.by, "bulk.start", _subject(action), reason, new=told)
    wake_bulk(action.pk)
    return action


def wake_bulk(action: int | None = None) -> int:
    """Ask a worker to go on with an action (None: all that nobody is at); returns how many."""
    found = door.due(action, SILENT_SECONDS)
    for pk in found:
        send(BULK_TASK, pk, cluster=CLUSTER, name=f"bulk {pk}")
    return len(found)


def run_bulk(action: int, *, slice_seconds: float | None = SLICE_SECONDS) -> bool:
    """Do steps of an action for a time slice; True when there is more to do."""
    holder = uuid4()
    if not door.take(action, holder, lease=SILENT_SECONDS, tries=TRIES):
        _give_up(action)
        return False
    asked = BulkAction.objects.get(pk=action)
    try:
        return _run(asked, holder, slice_seconds)
    except REFUSALS as error:
        door.end(action, BulkState.FAILED, error=str(error))
        return False


def cancel_bulk(action: int, by: Person) -> None:
    """Do no further step; what is done stays done. Raises EngineError if it is over."""
    with transaction.atomic():
        found = BulkAction.objects.filter(pk=action).first()
        if found is None:
            raise EngineError(f"There is no bulk action {action}.")
        if not door.end(action, BulkState.CANCELLED, by=by.name):
            raise EngineError(f"Bulk action {action} is {found.state}: nothing is left to cancel.")
        record_audit(by, "bulk.cancel", _subject(found), new={"done": found.done})


def _run(asked: BulkAction, holder: UUID, slice_seconds: float | None) -> bool:
    row_action = ROW_ACTIONS[asked.verb]
    begun = time.monotonic()
    while targets := door.next_targets(asked.pk, row_action.step or MOST):
        if not door.beat(asked.pk, holder):
            return False
        # A slice is a minute long: who loses the right in it does no further step.
        _require(asked, row_action)
        _step(asked, row_action, targets)
        if slice_seconds is not None and time.monotonic() - begun > slice_seconds:
            door.free(asked.pk, holder)
            return True
    door.end(asked.pk, BulkState.FINISHED)
    return False


def _step(asked: BulkAction, row_action: RowAction, targets: Sequence[int]) -> None:
    def keep(lines: Sequence[RowResult]) -> None:
        door.keep_results(asked.pk, [(line.pk, line.done, line.label, line.said) for line in lines])

    by = Person(asked.actor, Origin(asked.origin), asked.address)
    row_action.act(ConfirmedAction(targets, asked.given, by), keep)
    # What the act said nothing about is gone by now; a result that stands is not written over.
    gone = "not moved: it is not there any more, or not what this is about"
    keep([RowResult(target, "", done=False, said=gone) for target in targets])


def _require(asked: BulkAction, row_action: RowAction) -> None:
    """The person may have lost the right since; who left can do nothing by an old order."""
    user = User.objects.filter(username=asked.actor, is_active=True).first()
    if user is None or not user.has_perm(row_action.permission):
        raise EngineError(
            f"{asked.actor} may not do this any more: what is left stays as it is. "
            "Somebody with the right can ask for it anew."
        )


def _give_up(action: int) -> None:
    """End what has killed its workers again and again."""
    silent = Now() - timedelta(seconds=SILENT_SECONDS)
    stuck = BulkAction.objects.filter(pk=action, tries__gte=TRIES, beat_at__lt=silent)
    if stuck.exists():
        sentence = (
            f"{TRIES} workers ended in the same step: look into the log of `manage.py up`, "
            "then ask for the rest anew."
        )
        door.end(action, BulkState.FAILED, error=sentence)


def _subject(action: BulkAction) -> Subject:
    return Subject("bulk", str(action.pk), f"{action.label}: {action.total:,} {action.things}")
