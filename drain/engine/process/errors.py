"""Failures to start a child: each error is one sentence for people, with the way out."""

from __future__ import annotations


class ChildError(ValueError):
    """A child that was never started; the phase itself did nothing."""


class TemplateError(ChildError):
    """The profile's argv cannot be filled for this phase."""


class RefusedVariableError(ChildError):
    """The profile asks for a variable that is missing or that phases must never see."""


class SpawnError(ChildError):
    """The operating system refused to start the command."""
