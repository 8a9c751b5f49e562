"""`manage.py rollups check|rebuild|fold`: prove the totals, write them anew, or fold what is waiting."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.evidence.rollups import fold, verify
from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin
from drain.policy.words import counted


class Command(DatabaseCommand):
    """`check` exits with 3 when a total is not what a recount says."""

    help = "Compare the totals with a recount, rebuild them, or fold what is waiting."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one word; --json for scripts."""
        parser.add_argument(
            "action",
            choices=("check", "rebuild", "fold"),
            help="compare totals with a recount, write them anew, or fold what waits",
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON object on standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what came out."""
        report = {"check": _check, "rebuild": _rebuild, "fold": _fold}[options["action"]]()
        sentence = report.pop("sentence")
        self.stdout.write(json.dumps(report) if options["json"] else sentence)
        if not report["ok"]:
            raise CommandError(
                "The totals differ from a recount: run `manage.py rollups rebuild`.", returncode=3
            )


def _check() -> dict[str, Any]:
    checked = verify.check()
    lines = [f"{d.place}: total {d.total}, recount {d.recount}" for d in checked.differences]
    return {
        "ok": checked.equal,
        "since": checked.since.isoformat(),
        "differences": [
            {"place": d.place, "total": d.total, "recount": d.recount} for d in checked.differences
        ],
        "sentence": "\n".join(lines) or "Every total equals a recount of what is kept.",
    }


def _rebuild() -> dict[str, Any]:
    since = verify.rebuild()
    by = Person(command_actor(), Origin.COMMAND)
    what = Subject("site", "", "Totals")
    record_audit(by, "rollups.rebuild", what, new={"since": since.isoformat()})
    sentence = f"Totals written anew from everything kept since {since:%Y-%m-%d}."
    return {"ok": True, "since": since.isoformat(), "sentence": sentence}


def _fold() -> dict[str, Any]:
    attempts = states = 0
    while (folded := fold.fold()).attempts or folded.states:
        attempts, states = attempts + folded.attempts, states + folded.states
    sentence = f"Folded {counted(attempts, 'attempt')} and {counted(states, 'state change')}."
    if folded.busy:
        sentence += " Another fold or rebuild is at work and does the rest."
    return {"ok": True, "attempts": attempts, "states": states, "busy": folded.busy} | {
        "sentence": sentence
    }
