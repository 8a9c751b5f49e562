"""Refusals of the engine, each one sentence with the way out."""

from __future__ import annotations

MOST = 2_000
"""Characters; a longer story belongs where it can be linked to."""
MOST_IN_A_NAME = 300
"""Characters of a run id, and so of what is compared with one."""


class EngineError(Exception):
    """Something that was asked for cannot be done; the message is for the person who asked."""


class InputError(EngineError):
    """Raised for input that makes no sense, whatever the state of things."""


def given_reason(text: str) -> str:
    """The reason without the space around it. Raises InputError for none, too much, or a NUL byte."""
    reason = text.strip()
    if not reason:
        raise InputError("A reason is missing: say why, for the people who read the history.")
    return bounded(reason, "The reason")


def bounded(text: str, what: str, most: int = MOST) -> str:
    """The text as it is. Raises InputError for what nobody would read or PostgreSQL cannot hold."""
    if len(text) > most:
        raise InputError(f"{what} has {len(text):,} characters: {most:,} are the most.")
    if "\0" in text:
        raise InputError(f"{what} holds a NUL byte: leave it out.")
    return text
