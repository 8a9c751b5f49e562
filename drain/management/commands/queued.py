"""`manage.py queued`: phases that wait in a queue, how long, why, and what waits for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.queue.blockers import (
    QueuedPhase,
    QueueFilter,
    queue_size,
    queued_ids,
    queued_phases,
)
from drain.management.base import DrainCommand
from drain.management.durations import parse_span
from drain.policy.exit_codes import ExitCode

MOST = 1_000


class Command(DrainCommand):
    """Reads only."""

    help = "List queued phases, those that wait longest first, with what they hold back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option for the time after which a phase counts as stale."""
        super().add_arguments(parser)
        parser.add_argument("--run-id", default="", help="only this run")
        parser.add_argument(
            "--fail-on-stale", action="store_true", help="exit 3 if a phase is queued too long"
        )
        parser.add_argument("--stale-after", metavar="SPAN", help="e.g. 2h; default: the setting")

    def act(self, **options: Any) -> None:
        """Print at most MOST phases."""
        now = timezone.now()
        span = options["stale_after"]
        after = parse_span(span, "--stale-after") if span else None
        asked = QueueFilter(run_id=options["run_id"], stale_after=after)
        found = queued_phases(queued_ids(asked, now, MOST), asked, now)
        queued, stale = queue_size(asked, now)
        self._print(found, queued, stale, now, as_json=options["json"])
        if stale and options["fail_on_stale"]:
            noun = "phase is" if stale == 1 else "phases are"
            raise CommandError(
                f"{stale:,} {noun} queued too long (exit 3).", returncode=ExitCode.CHECK_FAILED
            )

    def _print(
        self, found: list[QueuedPhase], queued: int, stale: int, now: datetime, *, as_json: bool
    ) -> None:
        if as_json:
            phases = [_as_json(each, (now - each.since).total_seconds()) for each in found]
            self.print_json({"queued": queued, "stale": stale, "phases": phases})
            return
        for each in found:
            self.stdout.write(_line(each, (now - each.since).total_seconds() / 3600))
        self.stdout.write(f"{queued:,} queued, {stale:,} of them stale.")


def _as_json(each: QueuedPhase, seconds: float) -> dict[str, Any]:
    return {
        "run_id": each.run_id,
        "phase_id": each.phase_id,
        "queued_since": each.since.isoformat(),
        "queued_seconds": round(seconds),
        "stale": each.stale,
        "why": each.why,
        "waits_directly": each.direct,
        "waits_through_others": each.through,
    }


def _line(each: QueuedPhase, hours: float) -> str:
    stale = "  STALE" if each.stale else ""
    waits = f"{each.direct} wait for it, {each.through} more through those"
    return f"{hours:8.1f} h{stale}  {each.run_id}  {each.phase_id}  ({each.why}; {waits})"
