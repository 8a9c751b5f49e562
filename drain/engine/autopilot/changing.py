"""An autopilot's settings changed in place: by a form, by the named options of a command, or over the API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from drain.engine.autopilot.allowance import budget_of
from drain.engine.autopilot.rules import AutopilotRequest, audit, first_time, locked, made_from
from drain.engine.errors import EngineError, InputError, given_reason
from drain.engine.queue.selection import PhaseFilter
from drain.models import Autopilot
from drain.models.audit import Person
from drain.models.vocabulary import AutopilotTrigger
from drain.policy.stopping.limits import Limits

_SCHEDULE = ("cron", "timezone", "quiet")
_SETTINGS = (
    *_SCHEDULE, "filter", "limits", "sample", "budget_attempts", "budget_minutes", "budget_events", "pause_after",
)  # fmt: skip
Change = Callable[[AutopilotRequest], AutopilotRequest]
"""From the settings as they are when nobody else can change them to those that somebody wants."""


def change_autopilot(
    name: str, change: Change, by: Person, now: datetime, reason: str, *, seen: str | None = None
) -> Autopilot:
    """Give it other settings; a drain that runs goes on with those it began with.
    Raises EngineError or LimitError.

    Its row is locked before `change` is asked, so a start waits or has happened. `seen` is the `revision`
    that somebody looked at: a change of somebody else's in between is refused. Useless drains are counted
    anew.
    """
    reason = given_reason(reason)
    with transaction.atomic():
        rule = locked(name)
        if seen is not None and seen != revision(rule):
            raise EngineError(f"Autopilot “{rule.name}” was changed meanwhile: look at it again.")
        made = made_from(_kept(rule, change(wanted_of(rule))), by, now)
        different = [each for each in _SETTINGS if getattr(made, each) != getattr(rule, each)]
        if not different:
            raise InputError("Nothing would be changed: its settings are these already.")
        old = {each: getattr(rule, each) for each in different}
        for each in different:
            setattr(rule, each, getattr(made, each))
        if rule.paused_at is None:
            rule.armed_at = now
            # A time that has come, and was not seen yet, stays due unless the schedule is another one.
            if rule.cron and set(different) & set(_SCHEDULE):
                rule.next_at = first_time(rule, now)
        rule.said, rule.said_at = "", None
        rule.save(update_fields=[*different, "armed_at", "next_at", "said", "said_at"])
        new = {each: getattr(rule, each) for each in different}
        audit(by, "autopilot.change", rule, reason, old=old, new=new)
    return rule


def _kept(rule: Autopilot, wanted: AutopilotRequest) -> AutopilotRequest:
    if wanted.on_fix != (rule.trigger == AutopilotTrigger.FIX) or wanted.name != rule.name:
        raise InputError(
            "What an autopilot is called, and whether it drains at times or on fix, stays: add another one."
        )
    return wanted


def wanted_of(rule: Autopilot) -> AutopilotRequest:
    """Return its settings as a request for them."""
    return AutopilotRequest(
        name=rule.name,
        cron=rule.cron,
        on_fix=rule.trigger == AutopilotTrigger.FIX,
        timezone=rule.timezone,
        quiet=rule.quiet,
        filter=PhaseFilter.from_json(rule.filter),
        limits=Limits.from_json(rule.limits),
        sample=rule.sample,
        budget=budget_of(rule),
        pause_after=rule.pause_after,
    )


def revision(rule: Autopilot) -> str:
    """Tells one state of its settings from another."""
    settings: dict[str, Any] = {each: getattr(rule, each) for each in _SETTINGS}
    said = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
