"""Drains at the times of a schedule, and autopilots that are stopped: over budget, or useless too often.

Maintenance of every host does it; each step is one transaction under the lock of the autopilot's row,
so that it happens once, whoever dies in the middle.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery, Sum

from drain.engine.autopilot.allowance import limits_now, next_times, over_budget, why_not
from drain.engine.autopilot.rules import latest_drains, locked, pause_row
from drain.engine.autopilot.starting import REFUSALS, begin
from drain.engine.errors import EngineError, given_reason
from drain.engine.isolation import isolated
from drain.engine.queue.selection import PhaseFilter, drain_scope
from drain.engine.sessions.planning import DrainRequest
from drain.engine.sessions.verbs import stop_over_budget
from drain.models import Autopilot, DrainSession, SessionRun
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import LIVE_SESSION_STATES, AutopilotTrigger, Origin
from drain.policy.autopilot import EndedDrain, useless_in_a_row
from drain.policy.stopping.limits import Limits


def start_due(now: datetime) -> list[int]:
    """Start the drains whose time has come; times that were missed count as one. Returns the drains."""
    due = Autopilot.objects.filter(next_at__lte=now, paused_at=None).order_by("next_at", "pk")
    started: list[int] = []
    for pk in list(due.values_list("pk", flat=True)):
        with isolated(f"autopilot {pk}"), transaction.atomic():
            started += _start_due(pk, now)
    return started


def _start_due(pk: int, now: datetime) -> list[int]:
    due = Autopilot.objects.filter(pk=pk, next_at__lte=now, paused_at=None)
    rule = due.select_for_update(skip_locked=True, no_key=True).first()
    if rule is None:
        return []
    rule.next_at = next(next_times(rule, now), None)
    said, started = why_not(rule, now) or over_budget(rule, now), []
    if not said:
        try:
            with transaction.atomic():
                started = [_drain(rule, now, "by its schedule").pk]
        except REFUSALS as error:
            said = str(error)
    rule.said, rule.said_at = said, now
    rule.save(update_fields=["next_at", "said", "said_at"])
    return started


def run_now(name: str, by: Person, now: datetime, reason: str) -> DrainSession:
    """Start its drain at once, within its budget, in quiet hours too. Raises EngineError or LimitError."""
    reason = given_reason(reason)
    with transaction.atomic():
        rule = locked(name)
        if rule.trigger == AutopilotTrigger.FIX:
            raise EngineError(f"Autopilot “{rule.name}” drains on fix: add a fix marker.")
        if refused := why_not(rule, now, by_hand=True) or over_budget(rule, now):
            raise EngineError(refused)
        drain = _drain(rule, now, f"{by.name}: {reason}"[:1000], by)
        subject = Subject("autopilot", str(rule.pk), rule.name)
        record_audit(by, "autopilot.run", subject, reason, new={"drain": drain.pk})
    return drain


def _drain(rule: Autopilot, now: datetime, note: str, by: Person | None = None) -> DrainSession:
    """Start its drain; `by` is who asked for it outside its schedule."""
    door = by or Person(rule.actor, Origin.SCHEDULE)
    asked = DrainRequest(
        drain_scope(PhaseFilter.from_json(rule.filter)),
        limits_now(rule, Limits.from_json(rule.limits), now, by_hand=by is not None),
        rule.actor,
        door.origin,
        note,
        address=door.address,
        token=door.token,
    )
    return begin(asked, now, autopilot=rule)


def stop_over_budgets(now: datetime) -> list[int]:
    """Stop the live drains of autopilots whose events of a day are used up;
    the rest of a budget are limits of drains.
    """
    live = DrainSession.objects.filter(
        state__in=LIVE_SESSION_STATES, autopilot__budget_events__isnull=False
    ).exclude(stop_reason="budget")
    stopped = []
    for drain in live.select_related("autopilot"):
        rule = drain.autopilot
        with isolated(f"the budget of drain {drain.pk}"):
            if rule is not None and (used := over_budget(rule, now)):
                stop_over_budget(drain.pk, Person(rule.actor, Origin.SCHEDULE), used)
                stopped.append(drain.pk)
    return stopped


def pause_useless(now: datetime) -> list[str]:
    """Pause the autopilots whose latest drains completed nothing, as many in a row as each allows."""
    paused = []
    for rule in Autopilot.objects.filter(paused_at=None, pause_after__isnull=False):
        if _useless(rule) < (rule.pause_after or 0):
            continue
        with isolated(f"autopilot {rule.pk}"), transaction.atomic():
            mine = Autopilot.objects.select_for_update(no_key=True).get(pk=rule.pk)
            if mine.paused_at is None and mine.armed_at == rule.armed_at:
                drains = "drain" if mine.pause_after == 1 else "drains in a row"
                reason = (
                    f"Its last {mine.pause_after} {drains} completed nothing. "
                    "Look at one of them, then resume it."
                )
                pause_row(mine, Person(mine.actor, Origin.SCHEDULE), now, reason)
                paused.append(mine.name)
    return paused


_LOOKED_AT = 50


def _useless(rule: Autopilot) -> int:
    complete = (
        SessionRun.objects.filter(session=OuterRef("pk"))
        .values("session")
        .annotate(n=Sum("complete"))
        .values("n")
    )
    ended = latest_drains(rule).exclude(state__in=LIVE_SESSION_STATES)
    found = ended.filter(created_at__gt=rule.armed_at).values_list(
        "state", "stop_reason", "selected", Subquery(complete)
    )
    return useless_in_a_row(
        EndedDrain(state, reason, selected, done or 0)
        for state, reason, selected, done in found[:_LOOKED_AT]
    )
