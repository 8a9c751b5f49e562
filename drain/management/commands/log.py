"""`manage.py log ATTEMPT`: what an attempt printed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from drain.engine.attempts.logs import open_log
from drain.engine.errors import EngineError
from drain.management.base import DrainCommand
from drain.models import Attempt
from drain.policy.inert import inert


class Command(DrainCommand):
    """Reads only."""

    help = "Print the log of an attempt, by its number; of one that runs, its last lines."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument of the attempt."""
        parser.add_argument("attempt", help="its number, as pages and reports show it")

    def act(self, **options: Any) -> None:
        """Print the log, with whatever could command a terminal made harmless."""
        attempt = _attempt(options["attempt"])
        if attempt.finished_at is None:
            self.stdout.write(inert(attempt.tail))
            self.stderr.write(f"Attempt {attempt.pk} still runs; these are its last lines.")
            return
        if attempt.log_bytes and not attempt.log_name and not attempt.log_inline:
            raise EngineError(f"The log of attempt {attempt.pk} was pruned.")
        try:
            for block in open_log(attempt):
                self.stdout.write(inert(block.decode("utf-8", "replace")), ending="")
        except OSError as error:
            raise EngineError(
                f"The log of attempt {attempt.pk} cannot be read: {error}."
            ) from error


def _attempt(given: str) -> Attempt:
    number = given.removeprefix("#")
    found = Attempt.objects.filter(pk=int(number)).first() if _is_key(number) else None
    if found is None:
        raise EngineError(
            f"There is no attempt {inert(given[:60])}: its number stands on the page of its drain."
        )
    return found


def _is_key(number: str) -> bool:
    return number.isascii() and number.isdecimal() and len(number) < 19
