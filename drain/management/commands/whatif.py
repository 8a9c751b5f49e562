"""`manage.py whatif SESSION [limits]`: a past drain under other limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.engine.sessions.replay import replay
from drain.management.base import DrainCommand
from drain.management.limits import add_limits, given_limits
from drain.management.naming import named_session
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.whatif import WhatIf
from drain.policy.words import agrees, counted


class Command(DrainCommand):
    """Replay a past drain; reads only."""

    help = "Replay a past drain under other limits: phases and minutes saved or lost."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the session, and the limits that differ from its own."""
        super().add_arguments(parser)
        parser.add_argument("session", help="number of the drain, or `latest`")
        add_limits(parser)

    def act(self, **options: Any) -> None:
        """Replay and print the difference."""
        session = named_session(options["session"])
        changed = given_limits(options, timezone.now())
        limits = replace(Limits.from_json(session.limits), **changed).validate()
        found = replay(session, limits)
        if options["json"]:
            self.print_json(_as_json(session.pk, found))
        else:
            self.stdout.write("\n".join(_lines(session.pk, found)))


def _as_json(session: int, found: WhatIf) -> dict[str, Any]:
    return {
        "session": session,
        "kept": found.kept,
        "skipped": found.skipped,
        "completes_lost": found.completes_lost,
        "telemetry_lost": found.telemetry_lost,
        "attempt_minutes_saved": round(found.attempt_minutes_saved, 2),
        "clock_minutes_saved": round(found.clock_minutes_saved, 2),
        "timeouts_added": found.timeouts_added,
        "never_tried": found.never_tried,
        "stop": found.stop.to_json() if found.stop else None,
        "run_stops": [card.to_json() for _, card in found.run_stops],
    }


def _lines(session: int, found: WhatIf) -> list[str]:
    lines = [
        f"Drain {session} under these limits: {counted(found.kept, 'attempt')} kept, {found.skipped:,} not made.",
        f"Saved: {found.attempt_minutes_saved:.1f} attempt-minutes, {found.clock_minutes_saved:.1f} on the clock.",
        f"Lost: {counted(found.completes_lost, 'complete')}, {counted(found.telemetry_lost, 'telemetry event')}.",
    ]
    lines += [f"Stopped: {found.stop.sentence}"] if found.stop else []
    lines += [f"Run left: {card.sentence}" for _, card in found.run_stops]
    lines.append(
        f"{counted(found.never_tried, 'planned phase')} {agrees(found.never_tried, 'was', 'were')} never tried: what they would do is unknown."
    )
    return lines
