"""What the engine refuses, as one sentence with the way out."""

from __future__ import annotations


class EngineError(Exception):
    """Something that was asked for cannot be done; the message is for the person who asked."""


class InputError(EngineError):
    """What was typed makes no sense, whatever the state of things."""
