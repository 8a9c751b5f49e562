"""The door of every command: no text that could neither be stored nor shown gets in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from drain.policy.texts import unstorable


class SiteCommand(BaseCommand):
    """Any command of the site; bytes of its command line that are no UTF-8 are one sentence, exit 2."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it, if all that was given is text."""
        _require_text(options)
        return super().execute(*args, **options)


def _require_text(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        for text in _texts(value):
            if found := unstorable(text):
                what = name.replace("_", " ").upper()
                raise CommandError(f"The text for {what} holds {found}.", returncode=2)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str | Path):
        return [str(value)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return ()
