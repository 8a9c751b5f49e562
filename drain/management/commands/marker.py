"""`manage.py marker add TITLE | list`: note when a remediation went in, and for which causes."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from drain.db.sql import clock
from drain.engine.autopilot.rollouts import OnFix, drain_on_fix
from drain.engine.errors import EngineError
from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.prospects import prospects_since
from drain.evidence.fixes.rollout import SAMPLE
from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.models import FixMarker, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.moments import MomentError, read_moment
from drain.policy.words import counted

NAMES_NOTHING = (
    "It names nothing that it was meant to end, so no verdict on it is possible: mark it again with "
    "--fingerprint KEY (`manage.py fingerprints` lists them), --source NAME or --run-id RUN."
)


class Command(DatabaseCommand):
    """Regressions and comparisons count from a marker's time on."""

    help = "Add a fix marker, or list the newest ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        words = parser.add_subparsers(dest="action", required=True)
        add = words.add_parser("add", help="a remediation went in")
        add.add_argument("title", help="what was mended, in a few words")
        add.add_argument("--at", help="when: 14:30 is today's; or 2026-01-31 18:00 (default: now)")
        add.add_argument("--commit", default="", help="the commit that fixed it")
        add.add_argument("--note", default="", help="kept with the fix")
        add.add_argument(
            "--fingerprint",
            action="append",
            default=[],
            metavar="KEY",
            help="what it is meant to end; may be repeated",
        )
        add.add_argument("--source", metavar="NAME", help="only runs of this source")
        add.add_argument(
            "--run-id", action="append", default=[], metavar="RUN", help="only this run"
        )
        add.add_argument(
            "--drain-on-fix",
            action="store_true",
            help="drain a sample of what it is about, then ramps while it works",
        )
        add.add_argument(
            "--sample",
            type=int,
            default=SAMPLE,
            metavar="N",
            help=f"phases of that sample ({SAMPLE})",
        )
        add.add_argument(
            "--guard", action="store_true", help="add the checks that prove the fix to it"
        )
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
            at = (
                read_moment(options["at"], timezone.localtime(by.now)) if options["at"] else clock()
            )
            with transaction.atomic():
                marker = add_marker(
                    options["title"], by, at=at, commit=options["commit"], note=options["note"],
                    keys=options["fingerprint"], guarded=options["guard"],
                    source=_source(options["source"]), run_ids=options["run_id"],
                )  # fmt: skip
                if options["drain_on_fix"]:
                    person = Person(by.actor, Origin.COMMAND)
                    drain_on_fix(marker, OnFix(options["sample"]), person, by.now)
        except (CauseError, MomentError, EngineError) as error:
            raise CommandError(str(error)) from error
        made = _as_json(marker)
        self.stdout.write(json.dumps(made) if options["json"] else _line(made))
        if not options["json"]:
            for said in prospects_since(judge_marker(marker)):
                self.stdout.write(said)
            if not (options["fingerprint"] or options["source"] or options["run_id"]):
                self.stdout.write(NAMES_NOTHING)


def _source(name: str | None) -> Source | None:
    found = Source.objects.filter(name=name).first() if name else None
    if name and found is None:
        raise CauseError(f"There is no source “{name[:60]}”: give the name of one.")
    return found


def _as_json(marker: FixMarker) -> dict[str, Any]:
    return {
        "marker": marker.pk,
        "source": marker.source.name if marker.source else None,
        "run_ids": marker.run_ids,
        "verdict": marker.verdict or None,
        "title": marker.title,
        "applied_at": marker.applied_at.isoformat(),
        "commit": marker.commit,
        "fingerprints": sorted(marker.fingerprints.values_list("key", flat=True)),
        "created_by": marker.created_by,
    }


def _line(marker: dict[str, Any]) -> str:
    count = len(marker["fingerprints"])
    commit = f" ({marker['commit']})" if marker["commit"] else ""
    said = marker["verdict"]["words"].lower() if marker["verdict"] else "not judged yet"
    return f"FM-{marker['marker']} {marker['applied_at']} {marker['title']}{commit}: {counted(count, 'fingerprint')}, {said}"
