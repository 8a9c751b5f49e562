"""`manage.py compare`: any two sides against each other; exits with 3 for a fall or a failed check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.evidence.checks.listing import CheckLine, checks_of_marker
from drain.evidence.comparison.compare import Comparison
from drain.evidence.comparison.figures import Rate
from drain.evidence.comparison.question import NAMES, ComparisonRequest, asked
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.evidence.fixes.judgement import FixVerdict, judge_marker
from drain.evidence.fixes.status import Standing, standing
from drain.evidence.report import sentences as words
from drain.evidence.report.escape import plain
from drain.management.base import DatabaseCommand
from drain.models.vocabulary import CheckVerdict


class Command(DatabaseCommand):
    """The page Evidence, as text or JSON."""

    help = (
        "Compare before and after a fix or a drain, two drains, two stretches of time, two sources."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the question's options, of which one is taken, with its values."""
        kinds = parser.add_mutually_exclusive_group(required=True)
        kinds.add_argument("--marker", nargs=1, metavar="ID", help="before and after a fix")
        kinds.add_argument(
            "--drain", nargs=1, metavar="ID", help="before and in a drain, or in `latest`"
        )
        kinds.add_argument("--drains", nargs=2, metavar="ID", help="two drains")
        kinds.add_argument("--windows", nargs=4, metavar="TIME", help="from, to, from, to")
        kinds.add_argument("--sources", nargs=2, metavar="NAME", help="two sources")
        parser.add_argument("--days", default="", help="before a fix, or of two sources (7)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, print, and say by the exit code how it stands."""
        now = timezone.now()
        kind = next(name for name in NAMES if options[name])
        values = dict(zip(NAMES[kind], options[kind], strict=True))
        try:
            found = asked({"kind": kind, "days": options["days"], **values}, now)
        except CauseError as error:
            raise CommandError(str(error)) from error
        result = found.compared()
        checks = checks_of_marker(found.marker, found, result) if found.marker else []
        judged = [check.judged for check in checks]
        fix = judge_marker(found.marker) if found.marker else None
        verdict = standing(judged, result.statuses, result.difference, fix)
        if options["json"]:
            self._print_json(found, result, checks, verdict, fix)
        else:
            for line in lines(found, result, checks, fix):
                self.stdout.write(plain(line, 2000))
        if verdict.verdict == CheckVerdict.FAIL:
            raise CommandError(verdict.sentence, returncode=3)

    def _print_json(
        self,
        found: ComparisonRequest,
        result: Comparison,
        checks: list[CheckLine],
        verdict: Standing,
        fix: FixVerdict | None,
    ) -> None:
        judged = [{"check": check.check.name, **asdict(check.judged)} for check in checks]
        whole = {"asked": found.values, **asdict(result), "checks": judged}
        whole |= {"standing": asdict(verdict), "fix": fix.as_dict() if fix else None}
        self.stdout.write(json.dumps(whole, default=str))


def lines(
    found: ComparisonRequest,
    result: Comparison,
    checks: list[CheckLine],
    fix: FixVerdict | None = None,
) -> Iterator[str]:
    """The comparison in sentences, each rate with its n; of a fix the verdict comes first."""
    if fix is not None:
        yield f"{fix.words}: {fix.sentence}"
    yield f"{found.title}: {result.difference.sentence}"
    for figures in (result.before, result.after):
        yield f"{figures.label}: completed {words.rate(figures.rate)}; {words.telemetry(figures.telemetry)}."
    if fix is not None and fix.others is not None:
        sides = [
            words.rate(Rate.not_failed(side)) for side in (fix.others.before, fix.others.after)
        ]
        yield f"Phases of other fingerprints completed {sides[0]} before it and {sides[1]} since."
    yield f"Fingerprints: {words.recurred(result.causes)}."
    yield from (*result.notes, *found.notes)
    for check in checks:
        yield f"{check.judged.verdict}: {check.check.name}: {check.judged.sentence}"
