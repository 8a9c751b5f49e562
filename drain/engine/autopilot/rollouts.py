"""Drains on fix: a marker, a sample of what it is about, ramps while the verdict holds,
and the end with a stop card.

A row holds how far it has come. Each move is one transaction, guarded by the number of the step that it was
decided on, so that whoever dies between two moves leaves what the next round of maintenance goes on with, and
nothing is done twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from drain.engine.autopilot.allowance import limits_now, over_budget, why_not
from drain.engine.autopilot.starting import REFUSALS, begin, require_sample
from drain.engine.errors import EngineError, InputError, given_reason
from drain.engine.isolation import isolated
from drain.engine.queue.selection import PhaseFilter
from drain.engine.sessions.planning import DrainRequest, preview
from drain.engine.sessions.scope import MOST_IN_A_DRAIN, SessionScope
from drain.engine.sessions.verbs import stop_session_by_person
from drain.evidence.fixes.judgement import FixVerdict, judge_marker, untried_since
from drain.evidence.fixes.rollout import (
    SAMPLE,
    Course,
    RolloutEnd,
    Step,
    Untried,
    draw,
    next_step,
)
from drain.models import Autopilot, DrainSession, FixMarker, Phase, Rollout
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import (
    LIVE_ROLLOUT_STATES,
    LIVE_SESSION_STATES,
    AutopilotTrigger,
    Origin,
    RolloutState,
    SessionState,
)
from drain.policy.stopping.limits import MAX_BATCH_SIZE, Limits
from drain.policy.words import counted

OVERLAP = timedelta(minutes=1)
"""Fixes are looked at for so long; afterwards one that was about nothing stays so."""


@dataclass(frozen=True, slots=True)
class OnFix:
    """The settings of a drain on a fix."""

    sample: int = SAMPLE
    limits: Limits = field(default_factory=Limits)
    filter: PhaseFilter = field(default_factory=PhaseFilter)
    autopilot: Autopilot | None = None


def drain_on_fix(marker: FixMarker, wanted: OnFix, by: Person, now: datetime) -> Rollout:
    """Note that a fix is to be drained; maintenance does the rest. Raises EngineError or LimitError.

    Call it in the transaction that makes the marker: either both are there, or neither.
    """
    require_sample(wanted.sample)
    wanted.limits.validate(now)
    if wanted.limits.until is not None or wanted.limits.sample is not None:
        raise InputError(
            "A drain on fix has a sample of its own and no end by the clock: leave both limits out."
        )
    if not (marker.fingerprints.exists() or marker.source_id or marker.run_ids):
        raise InputError(
            "Name the fingerprints, the source or the runs of the fix: its drain needs to know what to try."
        )
    made, new = Rollout.objects.get_or_create(
        marker=marker,
        defaults={
            "autopilot": wanted.autopilot, "filter": wanted.filter.to_json(),
            "limits": wanted.limits.to_json(), "sample": wanted.sample, "started_by": by.name[:200],
        },
    )  # fmt: skip
    if new:
        told = {"sample": made.sample, "limits": made.limits}
        record_audit(by, "rollout.start", _subject(made), new=told)
    return made


def listen(now: datetime) -> list[int]:
    """Take up new fixes about failed phases of an autopilot, by the first such one; returns the markers."""
    taken: list[int] = []
    for rule in Autopilot.objects.filter(trigger=AutopilotTrigger.FIX, paused_at=None).order_by(
        "pk"
    ):
        # Whoever makes a marker may commit a moment after somebody has looked.
        since = max(rule.armed_at, rule.heard_at - OVERLAP)
        new = FixMarker.objects.filter(created_at__gt=since, rollout=None).order_by("pk")
        for marker in new:
            with isolated(f"the fix FM-{marker.pk}"):
                taken += [marker.pk] if _take(marker, rule, now) else []
        if rule.heard_at < now - OVERLAP:
            Autopilot.objects.filter(pk=rule.pk).update(heard_at=now)
    return taken


def _take(marker: FixMarker, rule: Autopilot, now: datetime) -> bool:
    asked = PhaseFilter.from_json(rule.filter)
    try:
        if not _within(untried_since(marker, MOST_IN_A_DRAIN), asked):
            return False
    except EngineError as error:
        Autopilot.objects.filter(pk=rule.pk).update(said=str(error), said_at=now)
        return False
    wanted = OnFix(rule.sample, Limits.from_json(rule.limits), asked, rule)
    with transaction.atomic():
        drain_on_fix(marker, wanted, Person(rule.actor, Origin.SCHEDULE), now)
    return True


def _within(phases: list[Untried], asked: PhaseFilter) -> list[Untried]:
    if asked.is_empty or not phases:
        return phases
    matching = asked.narrow(Phase.objects.filter(pk__in=[one.phase for one in phases]))
    kept = set(matching.values_list("pk", flat=True))
    return [one for one in phases if one.phase in kept]


def advance(now: datetime) -> list[int]:
    """Move every drain on fix on whose latest drain has ended; returns those that moved."""
    moved = []
    for rollout in Rollout.objects.filter(state__in=LIVE_ROLLOUT_STATES).order_by("pk"):
        with isolated(f"{rollout}"):
            moved += [rollout.pk] if _advance(rollout, now) else []
    return moved


def _advance(rollout: Rollout, now: datetime) -> bool:
    latest = rollout.sessions.order_by("-rollout_step").first()
    if latest is not None and latest.state in LIVE_SESSION_STATES:
        return False
    rule = rollout.autopilot
    if rule is not None and (waits := why_not(rule, now)):
        _say(rollout, waits)
        return False
    # Outside the transaction: a verdict on many phases takes its time.
    untried = untried_since(rollout.marker, MOST_IN_A_DRAIN)
    try:
        untried = _within(untried, PhaseFilter.from_json(rollout.filter))
    except EngineError as error:
        # A run or a source that its filter names is gone.
        return _end_unless_moved(rollout, RolloutEnd.NOTHING_SELECTED, str(error), now)
    verdict = judge_marker(rollout.marker)
    step, ramp = _decide(rollout, latest, untried, verdict)
    with transaction.atomic():
        mine = _mine(rollout)
        if mine is None:
            return False
        if step.end is None and rule is not None and (used := over_budget(rule, now)):
            end_rollout(mine, RolloutEnd.BUDGET, used, now)
        elif step.end is not None:
            end_rollout(mine, step.end, _sentence(step.end, latest, verdict), now)
        else:
            _begin(mine, step, untried, now, tried=_tried(verdict), ramp=ramp)
    return True


def _end_unless_moved(rollout: Rollout, end: RolloutEnd, observed: str, now: datetime) -> bool:
    with transaction.atomic():
        mine = _mine(rollout)
        if mine is not None:
            end_rollout(mine, end, observed, now)
    return mine is not None


def _mine(rollout: Rollout) -> Rollout | None:
    """The row, locked, unless somebody has moved it on since it was read."""
    found = Rollout.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk=rollout.pk, steps=rollout.steps, state__in=LIVE_ROLLOUT_STATES
    )
    return found.select_related("marker", "autopilot").first()


def _decide(
    rollout: Rollout, latest: DrainSession | None, untried: list[Untried], verdict: FixVerdict
) -> tuple[Step, bool]:
    if latest is None and rollout.steps:
        return Step(end=RolloutEnd.DRAIN_STOPPED), False
    if latest is not None and latest.state != SessionState.FINISHED:
        return Step(end=RolloutEnd.DRAIN_STOPPED), False
    course = Course(rollout.sample, rollout.tried, rollout.steps, rollout.ramps)
    left = dict(Counter(one.cause for one in untried))
    return next_step(course, verdict.causes, left)


def _begin(
    rollout: Rollout, step: Step, untried: list[Untried], now: datetime, *, tried: int, ramp: bool
) -> None:
    """Start a step on phases drawn by lot from those that a drain could take now."""
    rule, limits = rollout.autopilot, Limits.from_json(rollout.limits)
    actor = rule.actor if rule is not None else f"drain on fix FM-{rollout.marker_id}"
    try:
        with transaction.atomic():
            everything = replace(limits, batch_size=min(len(untried), MAX_BATCH_SIZE))
            scope = SessionScope(phases=tuple(one.phase for one in untried))
            can = {item.id for item in preview(scope, everything, now).selected}
            chosen = draw((one for one in untried if one.phase in can), step.size, rollout.pk)
            if not chosen:
                raise EngineError(f"None of {counted(len(untried), 'phase')} can be drained now.")
            limits = replace(limits, batch_size=len(chosen))
            if rule is not None:
                limits = limits_now(rule, limits, now)
            asked = DrainRequest(
                SessionScope(phases=tuple(chosen)), limits, actor, Origin.SCHEDULE,
                f"{'Ramp' if ramp else 'Sample'} of {rollout.marker}",
            )  # fmt: skip
            number = rollout.steps + 1
            begin(asked, now, autopilot=rule, rollout=rollout, rollout_step=number)
    except REFUSALS as error:
        end_rollout(rollout, RolloutEnd.NOTHING_SELECTED, str(error), now)
        return
    Rollout.objects.filter(pk=rollout.pk).update(
        state=RolloutState.DRAINING, steps=F("steps") + 1, ramps=F("ramps") + int(ramp), tried=tried, said="",
    )  # fmt: skip


def end_rollout(rollout: Rollout, end: RolloutEnd, observed: str, now: datetime) -> None:
    """End it with its stop card; the caller has locked its row."""
    card = {
        "rule": end.value,
        "sentence": f"{end.sentence} {observed}".strip(),
        "advice": end.advice,
    }
    over = end in (RolloutEnd.DRAINED, RolloutEnd.NOTHING_FAILED)
    state = RolloutState.FINISHED if over else RolloutState.STOPPED
    Rollout.objects.filter(pk=rollout.pk).update(state=state, card=card, said="", ended_at=now)


def stop_rollout(marker: int, by: Person, now: datetime, reason: str) -> Rollout:
    """Start no further step of a drain on fix and stop the drain that runs for it. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        found = Rollout.objects.select_for_update(no_key=True).filter(marker=marker).first()
        if found is None:
            raise EngineError(f"There is no drain on fix FM-{marker}.")
        if found.state not in LIVE_ROLLOUT_STATES:
            raise EngineError(f"The drain on fix FM-{marker} is {found.state} already.")
        record_audit(by, "rollout.stop", _subject(found), reason)
        end_rollout(found, RolloutEnd.PERSON, f"{by.name}: {reason}", now)
        live = found.sessions.filter(state__in=LIVE_SESSION_STATES).exclude(
            state=SessionState.STOPPING
        )
        for drain in live:
            stop_session_by_person(drain.pk, by)
    found.refresh_from_db()
    return found


def _sentence(end: RolloutEnd, latest: DrainSession | None, verdict: FixVerdict) -> str:
    if end is RolloutEnd.DRAIN_STOPPED and latest is not None:
        why = f" ({latest.stop_reason.replace('_', ' ')})" if latest.stop_reason else ""
        return f"Drain {latest.pk} was {latest.state}{why}. {verdict.words}: {verdict.sentence}"
    return f"{verdict.words}: {verdict.sentence}"


def _tried(verdict: FixVerdict) -> int:
    return sum(one.after.n for one in verdict.causes)


def _say(rollout: Rollout, why: str) -> None:
    if rollout.said != why:
        Rollout.objects.filter(pk=rollout.pk, state__in=LIVE_ROLLOUT_STATES).update(said=why)


def _subject(rollout: Rollout) -> Subject:
    return Subject("rollout", str(rollout.pk), f"Drain on fix FM-{rollout.marker_id}")


def described(rollout: Rollout) -> dict[str, Any]:
    """A drain on fix for pages and JSON: how far it has come, why it waits or has ended, and its drains."""
    names = (
        "state",
        "sample",
        "steps",
        "ramps",
        "said",
        "card",
        "started_by",
        "created_at",
        "ended_at",
    )
    return {
        "marker": rollout.marker_id,
        "autopilot": rollout.autopilot.name if rollout.autopilot else None,
        "drains": sorted(drain.pk for drain in rollout.sessions.all()),
        **{name: getattr(rollout, name) for name in names},
    }
