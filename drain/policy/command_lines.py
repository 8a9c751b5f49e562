"""Commands that people are shown: what a shell takes from the line is word for word what was meant.

Every command with a value in it that stands on a page, in a report or in a line of a terminal is made here.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from drain.policy.inert import inert

MANAGE = "manage.py"


def quoted(word: str) -> str:
    """A word as a shell takes it.
    What a terminal would obey stands as its bytes in $'…' (bash, zsh, POSIX 2024).
    """
    if inert(word, kept="") == word:
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def command_line(words: Iterable[str]) -> str:
    """The words of a command as one line that a shell takes apart into the same words."""
    return " ".join(map(quoted, words))


def manage_line(*argv: str) -> str:
    """A command of `manage.py` as one line."""
    return command_line((MANAGE, *argv))


def option(name: str, value: str) -> tuple[str, ...]:
    """An option with its value, joined to it where the value would be taken for an option itself."""
    return (f"{name}={value}",) if value.startswith("-") else (name, value)


def positional(*values: str) -> tuple[str, ...]:
    """Values that are no options, whatever they begin with; they stand at the end of a command."""
    return ("--", *values) if any(value.startswith("-") for value in values) else values


def _escaped(letter: str) -> str:
    if letter in "\\'":
        return "\\" + letter
    if inert(letter, kept="") == letter:
        return letter
    # Always two digits for each byte, so that nothing after it is read as more of the number.
    return "".join(f"\\x{byte:02x}" for byte in letter.encode(errors="surrogatepass"))
