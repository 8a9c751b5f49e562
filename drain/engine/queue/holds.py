"""Holds: a run, or all runs whose id begins so, set aside with a reason until a time or until released."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from drain.engine.errors import MOST_IN_A_NAME, EngineError, bounded, given_reason
from drain.engine.queue.selection import PhaseFilter
from drain.models import Hold, Run
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import HoldKind, PhaseState
from drain.policy.stopping.limits import FARTHEST, WITHIN

MOST_RUNS = 1_000
"""Runs that one filter may set aside, each with a hold of its own."""


def hold(
    target: str, reason: str, actor: Person, now: datetime, until: datetime | None = None
) -> Hold:
    """Set aside the run `target`, or every run that begins with it when it ends in `*`.

    Takes effect at the next claim; what runs may end. Raises EngineError.
    """
    kind, value = _parsed(target)
    _refuse_nonsense(kind, value, reason, now, until)
    with transaction.atomic():
        held = in_force(now).filter(kind=kind, value=value).first()
        if held is not None:
            raise EngineError(
                f"{target} is held already, by {held.created_by}: {held.reason} "
                f"Release it first to change that."
            )
        made = Hold.objects.create(
            kind=kind,
            value=value,
            reason=reason.strip(),
            until=until and until.astimezone(UTC),
            created_by=actor.name,
            origin=actor.origin,
        )
        ends = {"until": until.isoformat() if until else None}
        record_audit(actor, "hold", _subject(made), reason.strip(), new=ends)
    return made


def hold_matching(
    asked: PhaseFilter, reason: str, actor: Person, now: datetime, until: datetime | None = None
) -> tuple[list[Hold], int]:
    """Set aside the runs of all failed phases that match; all of them, or none.

    Returns the holds, and how many of the runs were held by a hold of their own already. Raises EngineError
    for a filter that names nothing, for one that nothing matches, and for more runs than MOST_RUNS.
    """
    if asked.is_empty:
        raise EngineError("An empty filter would hold every run there is: name something.")
    _refuse_times(reason, now, until)
    phases = asked.find(PhaseState.FAILED).order_by()
    runs = list(
        phases.values_list("run__run_id", flat=True)
        .distinct()
        .order_by("run__run_id")[: MOST_RUNS + 1]
    )
    if not runs:
        raise EngineError("No failed phase matches these filters: nothing was held.")
    if len(runs) > MOST_RUNS:
        raise EngineError(
            f"More than {MOST_RUNS:,} runs match: narrow the filters, or hold a PREFIX*."
        )
    with transaction.atomic():
        held = set(
            in_force(now).filter(kind=HoldKind.RUN, value__in=runs).values_list("value", flat=True)
        )
        made = [hold(run, reason, actor, now, until) for run in runs if run not in held]
    return made, len(held)


def release(target: str, actor: Person, now: datetime, reason: str = "") -> int:
    """End the holds of exactly this run or prefix; returns how many. Raises EngineError if there is none."""
    kind, value = _parsed(bounded(target, "The name", MOST_IN_A_NAME + 1))
    bounded(reason, "The reason")
    with transaction.atomic():
        found = list(in_force(now).filter(kind=kind, value=value).select_for_update(no_key=True))
        for each in found:
            Hold.objects.filter(pk=each.pk).update(released_at=now, released_by=actor.name)
            record_audit(actor, "release", _subject(each), reason, old={"reason": each.reason})
    if not found:
        raise EngineError(f"Nothing holds {target}: see the holds on the page Queued.")
    return len(found)


def in_force(now: datetime) -> QuerySet[Hold]:
    """Holds that are neither released nor over."""
    return Hold.objects.filter(released_at__isnull=True).filter(
        Q(until__isnull=True) | Q(until__gt=now)
    )


def _parsed(target: str) -> tuple[HoldKind, str]:
    if target.endswith("*"):
        return HoldKind.PREFIX, target[:-1]
    return HoldKind.RUN, target


def _refuse_nonsense(
    kind: HoldKind, value: str, reason: str, now: datetime, until: datetime | None
) -> None:
    bounded(value, "The name", MOST_IN_A_NAME)
    if not value:
        raise EngineError(
            "A hold on every run there is would stop all drains: name a run or PREFIX*."
        )
    if kind == HoldKind.RUN and not Run.objects.filter(run_id=value).exists():
        raise EngineError(
            f"There is no run “{value}”: check the name on the page Runs, or write {value}* for a prefix."
        )
    _refuse_times(reason, now, until)


def _refuse_times(reason: str, now: datetime, until: datetime | None) -> None:
    given_reason(reason)
    if until is not None and until <= now:
        raise EngineError(f"{until.isoformat()} is in the past: give a later time.")
    if until is not None and until - now > FARTHEST:
        raise EngineError(f"{until.isoformat()} is too far: {WITHIN}, or leave it out.")


def _subject(held: Hold) -> Subject:
    return Subject("hold", str(held.pk), str(held))
