"""`manage.py marker add TITLE | list`: note when a remediation went in, and for which causes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from drain.evidence.lifecycle import By, CauseError
from drain.evidence.markers import add_marker
from drain.management.actor import command_actor
from drain.models import FixMarker
from drain.models.vocabulary import Origin


class Command(BaseCommand):
    """Regressions and comparisons count from a marker's time on."""

    help = "Add a fix marker, or list the newest ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        words = parser.add_subparsers(dest="action", required=True)
        add = words.add_parser("add", help="a remediation went in")
        add.add_argument("title")
        add.add_argument("--at", help="when, e.g. 2026-01-31T18:00+00:00 (default: now)")
        add.add_argument("--commit", default="", help="the commit that fixed it")
        add.add_argument("--note", default="")
        add.add_argument("--fingerprint", action="append", default=[], metavar="KEY")
        listing = words.add_parser("list", help="the newest markers")
        for parsed in (add, listing):
            parsed.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add or list."""
        if options["action"] == "list":
            found = [_as_json(marker) for marker in FixMarker.objects.order_by("-applied_at")[:100]]
            lines = [_line(item) for item in found] or ["No fix marker yet."]
            self.stdout.write(json.dumps(found) if options["json"] else "\n".join(lines))
            return
        by = By(command_actor(), Origin.COMMAND, timezone.now())
        try:
            marker = add_marker(
                options["title"], by, at=_time(options["at"]), commit=options["commit"],
                note=options["note"], keys=options["fingerprint"],
            )  # fmt: skip
        except CauseError as error:
            raise CommandError(str(error)) from error
        made = _as_json(marker)
        self.stdout.write(json.dumps(made) if options["json"] else _line(made))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"--at “{text}” is not a time: write it like 2026-01-31T18:00+00:00."
        ) from None
    return found if found.tzinfo else timezone.make_aware(found)


def _as_json(marker: FixMarker) -> dict[str, Any]:
    return {
        "marker": marker.pk,
        "title": marker.title,
        "applied_at": marker.applied_at.isoformat(),
        "commit": marker.commit,
        "fingerprints": sorted(marker.fingerprints.values_list("key", flat=True)),
        "created_by": marker.created_by,
    }


def _line(marker: dict[str, Any]) -> str:
    causes = f"{len(marker['fingerprints'])} causes"
    commit = f" ({marker['commit']})" if marker["commit"] else ""
    return f"FM-{marker['marker']} {marker['applied_at']} {marker['title']}{commit}: {causes}"
