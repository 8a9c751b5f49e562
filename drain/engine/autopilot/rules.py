"""Autopilots as people handle them: added, paused, resumed and removed; each with its audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import QuerySet

from drain.engine.autopilot.allowance import budget_of, next_times, quiet_of, used_by
from drain.engine.autopilot.rollouts import end_rollout
from drain.engine.autopilot.starting import require_sample
from drain.engine.errors import EngineError, InputError, bounded, given_reason
from drain.engine.queue.selection import PhaseFilter
from drain.evidence.fixes.rollout import SAMPLE, RolloutEnd
from drain.models import Autopilot, DrainSession
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import LIVE_ROLLOUT_STATES, AutopilotTrigger
from drain.policy.autopilot import Amount, AutopilotError
from drain.policy.cron import CronError
from drain.policy.stopping.limits import Limits

MOST = 100
MOST_AMOUNT = 1_000_000_000
SHOWN_TIMES = 5


@dataclass(frozen=True, slots=True)
class AutopilotRequest:
    """An autopilot that somebody asks for: with a schedule, or without one after fixes."""

    name: str
    cron: str = ""
    on_fix: bool = False
    timezone: str = "UTC"
    quiet: str = ""
    filter: PhaseFilter = field(default_factory=PhaseFilter)
    limits: Limits = field(default_factory=Limits)
    sample: int = SAMPLE
    budget: Amount = field(default_factory=Amount)
    pause_after: int | None = 3


def add_autopilot(
    wanted: AutopilotRequest, by: Person, now: datetime, reason: str = ""
) -> Autopilot:
    """Make one; it is on from now. Raises EngineError or LimitError."""
    made = made_from(wanted, by, now)
    reason = bounded(reason.strip(), "The reason")
    with transaction.atomic():
        if Autopilot.objects.count() >= MOST:
            raise EngineError(f"There are {MOST} autopilots already: remove one first.")
        values = {name: getattr(made, name) for name in _COLUMNS}
        row, new = Autopilot.objects.get_or_create(name=made.name, defaults=values)
        if not new:
            raise EngineError(
                f"There is an autopilot “{made.name}” already: change it, or choose another name."
            )
        audit(by, "autopilot.add", row, reason, new=described(row, now))
    return row


_COLUMNS = (
    "trigger", "cron", "timezone", "quiet", "filter", "limits", "sample", "budget_attempts", "budget_minutes",
    "budget_events", "pause_after", "armed_at", "heard_at", "next_at", "created_by",
)  # fmt: skip


def made_from(wanted: AutopilotRequest, by: Person, now: datetime) -> Autopilot:
    """The row that it would be, not saved. Raises InputError or LimitError for what makes no sense."""
    name = bounded(wanted.name.strip(), "The name", 60)
    if not name:
        raise InputError("An autopilot needs a name, by which people know it.")
    if bool(wanted.cron.strip()) == wanted.on_fix:
        raise InputError("Give a schedule, or say that it drains on fix; and not both.")
    _refuse_numbers(wanted)
    if wanted.limits.until is not None:
        raise InputError("--until is one moment: give quiet hours, or --max-total-minutes.")
    wanted.limits.validate(now)
    wanted.filter.find(None)  # refuses what is not there
    made = Autopilot(
        name=name,
        trigger=AutopilotTrigger.FIX if wanted.on_fix else AutopilotTrigger.SCHEDULE,
        cron=wanted.cron.strip(),
        timezone=_zone(wanted.timezone),
        quiet=wanted.quiet.strip(),
        filter=wanted.filter.to_json(),
        limits=wanted.limits.to_json(),
        sample=wanted.sample,
        pause_after=wanted.pause_after,
        armed_at=now,
        heard_at=now,
        created_by=by.name[:200],
        **{f"budget_{name}": value for name, value in wanted.budget._asdict().items()},
    )
    try:
        quiet_of(made)
        made.next_at = first_time(made, now) if made.cron else None
    except (CronError, AutopilotError) as error:
        raise InputError(str(error)) from None
    return made


def first_time(rule: Autopilot, now: datetime) -> datetime:
    """The next time of its schedule. Raises InputError where quiet hours leave none."""
    for found in next_times(rule, now):
        return found
    raise InputError("Every time of the schedule lies in the quiet hours: change one of them.")


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"There is no time zone “{name[:60]}”: write it like Europe/Berlin."
        ) from None


def _refuse_numbers(wanted: AutopilotRequest) -> None:
    numbers: dict[str, float | None] = {
        "pause_after": wanted.pause_after,
        **{f"budget_{name}": value for name, value in wanted.budget._asdict().items()},
    }
    for name, value in numbers.items():
        if value is not None and not 0 < value <= MOST_AMOUNT:
            words = name.replace("_", " ")
            raise InputError(f"{words} {value:g} makes no sense: give one above 0, or none.")
    require_sample(wanted.sample)


def pause_autopilot(name: str, by: Person, now: datetime, reason: str) -> Autopilot:
    """Start nothing more by it until it is resumed; a drain that runs goes on. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        rule = locked(name)
        if rule.paused_at is not None:
            raise EngineError(f"It is paused already, by {rule.paused_by}: {rule.paused_reason}")
        pause_row(rule, by, now, reason)
    return rule


def pause_row(rule: Autopilot, by: Person, now: datetime, reason: str) -> None:
    """Pause a locked rule that is on."""
    rule.paused_at, rule.paused_by, rule.paused_reason = now, by.name[:200], reason
    rule.next_at = None
    rule.save(update_fields=["paused_at", "paused_by", "paused_reason", "next_at"])
    audit(by, "autopilot.pause", rule, reason)


def resume_autopilot(name: str, by: Person, now: datetime, reason: str) -> Autopilot:
    """Go on with the next scheduled time or fix; what was before counts no more. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        rule = locked(name)
        if rule.paused_at is None:
            raise EngineError(f"Autopilot “{rule.name}” is not paused.")
        old = {"paused_by": rule.paused_by, "paused_reason": rule.paused_reason}
        rule.paused_at, rule.paused_by, rule.paused_reason = None, "", ""
        rule.armed_at = rule.heard_at = now
        rule.next_at = first_time(rule, now) if rule.cron else None
        rule.save(
            update_fields=[
                "paused_at",
                "paused_by",
                "paused_reason",
                "armed_at",
                "heard_at",
                "next_at",
            ]
        )
        audit(by, "autopilot.resume", rule, reason, old=old)
    return rule


def remove_autopilot(name: str, by: Person, now: datetime, reason: str) -> None:
    """Remove it and end its drains on fix; a running drain goes on, history stays. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        rule = locked(name)
        for rollout in rule.rollouts.select_for_update().filter(state__in=LIVE_ROLLOUT_STATES):
            sentence = f"{by.name} removed the autopilot {rule.name}."
            end_rollout(rollout, RolloutEnd.PERSON, sentence, now)
        audit(by, "autopilot.remove", rule, reason, old=described(rule, now))
        rule.delete()


def locked(name: str) -> Autopilot:
    """Return the autopilot of that name, locked until the transaction ends. Raises EngineError."""
    found = Autopilot.objects.select_for_update(no_key=True).filter(name=name).first()
    if found is None:
        raise EngineError(_unknown(name))
    return found


def _unknown(name: str) -> str:
    names = ", ".join(Autopilot.objects.order_by("name").values_list("name", flat=True))
    return f"There is no autopilot “{name[:60]}”; there are: {names or 'none yet'}."


def described(rule: Autopilot, now: datetime) -> dict[str, Any]:
    """An autopilot for pages, JSON and the audit: its next times, what its drains of a day have used."""
    times = islice(next_times(rule, now), SHOWN_TIMES) if rule.next_at else ()
    latest = latest_drains(rule).first()
    return {
        "name": rule.name,
        "trigger": rule.trigger,
        "cron": rule.cron,
        "timezone": rule.timezone,
        "quiet": rule.quiet,
        "filter": rule.filter,
        "limits": {
            name: value
            for name, value in rule.limits.items()
            if value != Limits().to_json().get(name)
        },
        "sample": rule.sample if rule.trigger == AutopilotTrigger.FIX else None,
        "budget": budget_of(rule)._asdict(),
        "used": {name: round(value, 2) for name, value in used_by(rule, now)._asdict().items()},
        "pause_after": rule.pause_after,
        "paused": rule.paused_at is not None,
        "paused_by": rule.paused_by,
        "paused_reason": rule.paused_reason,
        "next": [each.isoformat() for each in times],
        "latest_drain": latest.pk if latest else None,
        "latest_state": latest.state if latest else "",
        "said": rule.said,
    }


def latest_drains(rule: Autopilot) -> QuerySet[DrainSession]:
    """Return its drains, newest first."""
    return DrainSession.objects.filter(autopilot=rule).order_by("-pk")


def audit(
    by: Person,
    verb: str,
    rule: Autopilot,
    reason: str = "",
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """A line in the audit about it."""
    subject = Subject("autopilot", str(rule.pk), rule.name)
    record_audit(by, verb, subject, reason, old=old, new=new)
