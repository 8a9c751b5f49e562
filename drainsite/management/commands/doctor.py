"""`manage.py doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from drain.management.texts import SiteCommand
from drainsite.doctor import examine

MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}
FAILED = 3


class Command(SiteCommand):
    """Looks at everything and changes nothing; exit 3 if there is a problem."""

    help = (
        "Check settings, provider, disk, database, migrations, clock, broker, secret, hosts, leases, executors; "
        "changes nothing. Exit 0 without a problem, 3 with one. "
        "Examples: manage.py doctor; manage.py doctor --json"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found, worst news not hidden among good."""
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps({"findings": [each.as_json() for each in findings]}))
        else:
            for each in findings:
                self.stdout.write(f"{MARKS[each.level]} {each.name:<10}  {each.sentence}")
                if each.advice:
                    self.stdout.write(f"{'':<21}  {each.advice}")
        if any(each.level == "problem" for each in findings):
            raise SystemExit(FAILED)
