"""The allowance of an autopilot's drain: its budget of a day, its quiet hours, its live drain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from drain.models import Attempt, Autopilot, DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES, UNCOUNTED_OUTCOMES
from drain.policy.autopilot import DAY, Amount, Quiet, UsedBudget, allowed, upcoming, used_up
from drain.policy.cron import Cron
from drain.policy.stopping.limits import Limits


def cron_of(rule: Autopilot) -> Cron:
    """Return its schedule. Raises CronError."""
    return Cron.read(rule.cron)


def quiet_of(rule: Autopilot) -> Quiet | None:
    """Return its quiet hours. Raises AutopilotError."""
    return Quiet.read(rule.quiet, ZoneInfo(rule.timezone)) if rule.quiet else None


def next_times(rule: Autopilot, now: datetime) -> Iterator[datetime]:
    """The times of its schedule after `now`; none without one."""
    if rule.cron:
        yield from upcoming(cron_of(rule), ZoneInfo(rule.timezone), quiet_of(rule), now)


def budget_of(rule: Autopilot) -> Amount:
    """Return its budget of a day."""
    return Amount(rule.budget_attempts, rule.budget_minutes, rule.budget_events)


def used_by(rule: Autopilot, now: datetime) -> UsedBudget:
    """Return the use of the budget by its drains that were started within a day."""
    drains = list(DrainSession.objects.filter(autopilot=rule, created_at__gt=now - DAY))
    attempts = Attempt.objects.filter(session__in=[drain.pk for drain in drains]).aggregate(
        attempts=Count("pk", filter=~Q(outcome__in=UNCOUNTED_OUTCOMES)),
        events=Sum("telemetry_count", default=0),
    )
    minutes = sum(drain.worked(now).total_seconds() / 60 for drain in drains)
    return UsedBudget(attempts["attempts"], minutes, attempts["events"])


def why_not(rule: Autopilot, now: datetime, *, by_hand: bool = False) -> str:
    """Return the reason against a start now, whatever its budget; "" for none.
    By hand quiet hours do not count.
    """
    if rule.paused_at is not None:
        return f"It is paused by {rule.paused_by}: {rule.paused_reason}"
    live = DrainSession.objects.filter(autopilot=rule, state__in=LIVE_SESSION_STATES).first()
    if live is not None:
        return f"Drain {live.pk} of it has not ended."
    quiet = quiet_of(rule)
    if quiet is not None and quiet.holds(now) and not by_hand:
        return f"It is quiet until {quiet.ends:%H:%M} {rule.timezone}."
    return ""


def over_budget(rule: Autopilot, now: datetime) -> str:
    """Return the used-up part of its budget, and note it for the news; "" while none is."""
    found = used_up(budget_of(rule), used_by(rule, now))
    if found and (rule.budget_used_at is None or rule.budget_used_at <= now - DAY):
        rule.budget_used_at = now
        rule.save(update_fields=["budget_used_at"])
    return found


def limits_now(rule: Autopilot, limits: Limits, now: datetime, *, by_hand: bool = False) -> Limits:
    """The limits of a drain that starts now: within what is left of the budget, and until it is quiet."""
    quiet = None if by_hand else quiet_of(rule)
    until = quiet.next_begin(now) if quiet is not None else None
    return allowed(limits, budget_of(rule), used_by(rule, now), until)
