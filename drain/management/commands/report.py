"""`manage.py report SESSION|latest`: what a drain did, with its proof; exits with 3 when a check fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.evidence.report.build import Report, build_report
from drain.evidence.report.bundle import write_bundle
from drain.evidence.report.html import render_html
from drain.evidence.report.json import render_json
from drain.evidence.report.markdown import render_markdown
from drain.management.base import DatabaseCommand
from drain.management.naming import named_session

FORMATS: dict[str, Callable[[Report], Iterator[str]]] = {
    "md": render_markdown,
    "html": render_html,
    "json": render_json,
}


class Command(DatabaseCommand):
    """One data object, three formats and a bundle."""

    help = "Report a drain as Markdown, HTML or JSON, or as an evidence bundle."
    requires_system_checks = ()  # half a second that a report does not need

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        parser.epilog = (
            "Exit codes: 0 no check failed; 1 refused or wrong; 2 usage; 3 a check failed."
        )
        parser.add_argument("session", help="number of the drain, or `latest`")
        parser.add_argument(
            "--format", choices=sorted(FORMATS), default="md", help="of what is printed (md)"
        )
        parser.add_argument(
            "--json",
            action="store_const",
            const="json",
            dest="format",
            help="print one JSON object",
        )
        parser.add_argument(
            "--bundle",
            type=Path,
            metavar="FILE.zip",
            help="write everything there, the report too, instead of printing it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report, or write the bundle; then say by the exit code whether checks failed."""
        report = build_report(named_session(options["session"]), timezone.now())
        if options["bundle"]:
            self._bundle(report, options["bundle"])
        else:
            for piece in FORMATS[options["format"]](report):
                self.stdout.write(piece, ending="")
        if report.failed_checks:
            names = ", ".join(check.name for check in report.checks if check.verdict == "fail")
            raise CommandError(f"Checks failed: {names}.", returncode=3)

    def _bundle(self, report: Report, path: Path) -> None:
        try:
            logs = write_bundle(report, path)
        except OSError as error:
            raise CommandError(
                f"The bundle cannot be written to {path}: {error.strerror}. Choose another place."
            ) from error
        self.stdout.write(
            f"{path}: report of drain {report.session.pk} with {logs} logs; without --bundle it is printed."
        )
