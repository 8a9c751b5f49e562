"""Texts taken apart for templates: placeholders of a fingerprint's template, words of a command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from drain.policy.command_lines import command_line, quoted

# Placeholders of a fingerprint template: <path>, <n>, <name>, <hex> …
_SLOT = re.compile(r"<([a-z][a-z0-9_-]{0,19})>")


def slots(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a fingerprint's template, each with whether it is the name of a placeholder."""
    pieces = _SLOT.split(text)
    return [(piece, bool(place % 2)) for place, piece in enumerate(pieces) if piece]


def command_words(argv: str | Sequence[str]) -> list[tuple[str, bool]]:
    """Return a command's words, quoted as a shell wants them, each with whether it is a flag."""
    words = _split(argv) if isinstance(argv, str) else list(argv)
    return [(quoted(word), word.startswith("--")) for word in words]


def command_text(argv: str | Sequence[str]) -> str:
    """Return the same command as plain text, for the clipboard."""
    return argv if isinstance(argv, str) else command_line(argv)


def _split(command: str) -> list[str]:
    """A command into words; an unbalanced quote leaves plain words instead of an error."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
