"""`manage.py autopilot add|set|list|pause|resume|run|remove|stop`: drains that start by themselves."""

from __future__ import annotations

from argparse import _ArgumentGroup
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from drain.engine.autopilot.changing import change_autopilot
from drain.engine.autopilot.recurring import run_now
from drain.engine.autopilot.rollouts import described as described_rollout
from drain.engine.autopilot.rollouts import stop_rollout
from drain.engine.autopilot.rules import (
    AutopilotRequest,
    add_autopilot,
    described,
    pause_autopilot,
    remove_autopilot,
    resume_autopilot,
)
from drain.engine.queue.selection import PhaseFilter
from drain.management.base import DrainCommand
from drain.management.limits import add_limits, given_limits
from drain.management.selecting import add_filters, filter_from
from drain.models import Autopilot, Rollout
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import Limits
from drain.policy.words import counted

LISTED = 50
_CLEARED: dict[str, Callable[[AutopilotRequest], dict[str, Any]]] = {
    "filters": lambda _: {"filter": PhaseFilter()},
    "quiet": lambda _: {"quiet": ""},
    "budget-attempts": lambda wanted: {"budget": wanted.budget._replace(attempts=None)},
    "budget-minutes": lambda wanted: {"budget": wanted.budget._replace(minutes=None)},
    "budget-events": lambda wanted: {"budget": wanted.budget._replace(events=None)},
}
_OFF = [each.name.replace("_", "-") for each in fields(Limits) if each.name != "until"]


class Command(DrainCommand):
    """Parse, call one verb, print."""

    help = "Define drains that start by themselves: at the times of a schedule, or after a fix."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        self._add_arguments_of_add(verbs.add_parser("add", help="add one; it is on from now"))
        self._add_arguments_of_set(
            verbs.add_parser("set", help="change settings; what is not named stays as it is")
        )
        for name, words in (
            ("pause", "start nothing more by it; what runs goes on"),
            ("resume", "go on with its next time, or the next fix"),
            ("run", "start its drain now, within its budget"),
            ("remove", "remove it; a drain that runs goes on"),
        ):
            each = verbs.add_parser(name, help=words)
            each.add_argument("name", help="of the autopilot")
            _reason(each)
            super().add_arguments(each)
        stop = verbs.add_parser("stop", help="stop a drain on fix, with the drain that runs for it")
        stop.add_argument("marker", type=int, help="the number of its fix marker")
        _reason(stop)
        for each in (stop, verbs.add_parser("list", help="list them, and the drains on fix")):
            super().add_arguments(each)

    def _add_arguments_of_add(self, add: CommandParser) -> None:
        add.add_argument("name", help="by which people know it")
        start = add.add_mutually_exclusive_group(required=True)
        _cron(start)
        start.add_argument("--on-fix", action="store_true", help="after each fix of its phases")
        self._add_settings(add)

    def _add_arguments_of_set(self, change: CommandParser) -> None:
        change.add_argument("name", help="of the autopilot")
        _cron(change)
        change.add_argument(
            "--clear", action="append", default=[], choices=[*_CLEARED, *_OFF], metavar="SETTING",
            help="have no such setting, or a limit as it is by itself: " + ", ".join([*_CLEARED, *_OFF]),
        )  # fmt: skip
        self._add_settings(change)

    def _add_settings(self, parser: CommandParser) -> None:
        """Filters given again replace all that there were; a limit replaces that limit."""
        parser.add_argument("--timezone", metavar="ZONE", help="of its hours (UTC)")
        parser.add_argument(
            "--quiet", metavar="HOURS", help="start nothing in them, like 22:00-07:00"
        )
        for name, kind in (("attempts", int), ("minutes", float), ("events", int)):
            parser.add_argument(
                f"--budget-{name}", type=kind, metavar="N",
                help=f"{name} that its drains of a day may use",
            )  # fmt: skip
        parser.add_argument(
            "--pause-after", type=int, metavar="N",
            help="pause after so many drains in a row that completed nothing (3); 0: never",
        )  # fmt: skip
        _reason(parser)
        add_filters(parser)
        add_limits(parser)
        super().add_arguments(parser)

    def act(self, **options: Any) -> None:
        """Call the verb."""
        getattr(self, f"_{options['verb']}")(options, timezone.now())

    def _add(self, options: dict[str, Any], now: datetime) -> None:
        bare = AutopilotRequest(options["name"], on_fix=options["on_fix"])
        wanted = _changed(bare, options, now)
        self._show_one(options, add_autopilot(wanted, self.actor, now, options["reason"]), now)

    def _set(self, options: dict[str, Any], now: datetime) -> None:
        rule = change_autopilot(
            options["name"], lambda wanted: _changed(_cleared(wanted, options["clear"]), options, now),
            self.actor, now, options["reason"],
        )  # fmt: skip
        self._show_one(options, rule, now)

    def _pause(self, options: dict[str, Any], now: datetime) -> None:
        rule = pause_autopilot(options["name"], self.actor, now, options["reason"])
        self._show_one(options, rule, now)

    def _resume(self, options: dict[str, Any], now: datetime) -> None:
        rule = resume_autopilot(options["name"], self.actor, now, options["reason"])
        self._show_one(options, rule, now)

    def _run(self, options: dict[str, Any], now: datetime) -> None:
        drain = run_now(options["name"], self.actor, now, options["reason"])
        line = f"Drain {drain.pk} of {counted(drain.selected, 'phase')} is started."
        self._show(options, {"drain": drain.pk, "selected": drain.selected}, line)

    def _remove(self, options: dict[str, Any], now: datetime) -> None:
        remove_autopilot(options["name"], self.actor, now, options["reason"])
        self._show(options, {"removed": options["name"]}, f"{options['name']} is removed.")

    def _stop(self, options: dict[str, Any], now: datetime) -> None:
        rollout = stop_rollout(options["marker"], self.actor, now, options["reason"])
        found = described_rollout(rollout)
        self._show(options, found, rollout_line(found))

    def _list(self, options: dict[str, Any], now: datetime) -> None:
        rules = [described(each, now) for each in Autopilot.objects.order_by("name")]
        rollouts = [described_rollout(each) for each in _latest()[:LISTED]]
        lines = [*map(_line, rules), *map(rollout_line, rollouts)]
        value = {"autopilots": rules, "rollouts": rollouts}
        self._show(options, value, "\n".join(lines) or "No autopilot yet.")

    def _show_one(self, options: dict[str, Any], rule: Autopilot, now: datetime) -> None:
        found = described(rule, now)
        self._show(options, found, _line(found))

    def _show(self, options: dict[str, Any], value: Any, line: str) -> None:
        if options["json"]:
            self.print_json(value)
        else:
            self.stdout.write(line)


def _changed(wanted: AutopilotRequest, options: dict[str, Any], now: datetime) -> AutopilotRequest:
    """The settings with what the options name."""
    limits = given_limits(options, now)
    sample = limits.pop("sample", None) if wanted.on_fix else None
    budget = {
        name: options[f"budget_{name}"]
        for name in Amount._fields
        if options[f"budget_{name}"] is not None
    }
    asked = filter_from(options, now)
    changes: dict[str, Any] = {
        name: options[name] for name in ("cron", "timezone", "quiet") if options[name] is not None
    }
    if options["pause_after"] is not None:
        changes["pause_after"] = options["pause_after"] or None
    if not asked.is_empty:
        changes["filter"] = asked
    return replace(
        wanted,
        limits=replace(wanted.limits, **limits),
        budget=wanted.budget._replace(**budget),
        sample=wanted.sample if sample is None else sample,
        **changes,
    )


def _cleared(wanted: AutopilotRequest, names: list[str]) -> AutopilotRequest:
    """The settings without those of these names."""
    for name in names:
        if name in _CLEARED:
            wanted = replace(wanted, **_CLEARED[name](wanted))
        else:
            field = name.replace("-", "_")
            off = {field: getattr(Limits(), field)}
            wanted = replace(wanted, limits=replace(wanted.limits, **off))
    return wanted


def _latest() -> QuerySet[Rollout]:
    found = Rollout.objects.select_related("autopilot").prefetch_related("sessions")
    return found.order_by("-pk")


def _cron(parser: CommandParser | _ArgumentGroup) -> None:
    parser.add_argument("--cron", metavar="FIELDS", help="five fields, like '30 2 * * 1-5'")


def _reason(parser: CommandParser) -> None:
    parser.add_argument("--reason", default="", help="why, for the audit")


def _line(rule: dict[str, Any]) -> str:
    when = f"{rule['cron']} {rule['timezone']}" if rule["cron"] else "on fix"
    if rule["paused"]:
        return f"{rule['name']} ({when}): paused by {rule['paused_by']}: {rule['paused_reason']}"
    next_one = f", next {rule['next'][0]}" if rule["next"] else ""
    said = f"; {rule['said']}" if rule["said"] else ""
    return f"{rule['name']} ({when}){next_one}{said}"


def rollout_line(rollout: dict[str, Any]) -> str:
    """A drain on fix for people."""
    said = rollout["card"].get("sentence") or rollout["said"]
    drains = ", ".join(f"drain {pk}" for pk in rollout["drains"]) or "no drain yet"
    return f"FM-{rollout['marker']} {rollout['state']}: {drains}{f'. {said}' if said else ''}"
