"""`manage.py rescue`: recover attempts whose worker died."""

from __future__ import annotations

from typing import Any

from drain.engine.rescue import rescue
from drain.management.base import DrainCommand


class Command(DrainCommand):
    """One round of rescue, now."""

    help = "End attempts whose lease ran out (outcome lost) and wake sessions that lack loops."

    def act(self, **options: Any) -> None:
        """Rescue and report."""
        done = rescue()
        if options["json"]:
            self.print_json({"attempts": done.attempts, "loops": done.loops})
        else:
            self.stdout.write(f"{done.attempts} attempts rescued, {done.loops} loops woken.")
