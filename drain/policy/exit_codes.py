"""Exit codes of commands that drain: one number for scripts, decided from the session's end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes for scripts. 1 (refused, nothing changed) and 2 (usage) come before any session."""

    ENDED = 0
    """It ended by itself, also with failures; or nothing had failed; or it was left to the workers."""
    REFUSED = 1
    USAGE = 2
    CHECK_FAILED = 3
    """It ended, and a check on it failed."""
    STOPPED = 4
    """A stop rule, its time or a person ended it early."""
    NOT_THROUGH = 5
    """Interrupted, cancelled, refused by a preflight, every attempt lost, or failed phases and none selected.
    """
    DETACHED = 130
    """Ctrl-C in the foreground; the drain goes on."""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The facts of a session's end that its exit code depends on."""

    state: str
    total_failed: int
    """Failed phases in scope when it was planned."""
    selected: int
    processed: int
    """Attempts that ended and count."""
    lost: int
    failed_checks: int = 0


def exit_code(ending: SessionEnd) -> ExitCode:
    """Return the first code that holds, in the order 5, 3, 4, 0;
    a session that is live was left to the workers.
    """
    nothing_of_some = not ending.selected and ending.total_failed > 0
    all_lost = ending.processed > 0 and ending.lost == ending.processed
    if ending.state in _NOT_THROUGH or nothing_of_some or all_lost:
        return ExitCode.NOT_THROUGH
    if ending.failed_checks:
        return ExitCode.CHECK_FAILED
    return ExitCode.STOPPED if ending.state == "stopped" else ExitCode.ENDED


def exit_sentence(ending: SessionEnd) -> str:
    """Return why the code is not 0, in a sentence; empty where it is."""
    code = exit_code(ending)
    if code is ExitCode.STOPPED:
        return "The drain was stopped before its plan was through (exit 4)."
    if code is ExitCode.CHECK_FAILED:
        noun = "check" if ending.failed_checks == 1 else "checks"
        return f"{ending.failed_checks} {noun} failed (exit 3)."
    if code is not ExitCode.NOT_THROUGH:
        return ""
    if ending.state in _NOT_THROUGH:
        return f"The drain did not get through: {_NOT_THROUGH[ending.state]} (exit 5)."
    if not ending.selected:
        return (
            "The drain did not get through: phases have failed and none could be selected (exit 5)."
        )
    return "The drain did not get through: every attempt was lost with its worker (exit 5)."


_NOT_THROUGH = {
    "interrupted": "it was interrupted",
    "cancelled": "it was cancelled",
    "refused": "a preflight refused it",
}

EXIT_CODES_HELP = (
    "Exit codes: 0 it ended by itself (also with failures, or when nothing had failed); 1 refused or wrong, nothing "
    "changed; 2 usage; 3 a check failed; 4 stopped by a rule, its time or a person; 5 it did not get through "
    "(interrupted, cancelled, refused by a preflight, every attempt lost, or failed phases and none selected); "
    "130 Ctrl-C in the foreground, the drain goes on. The first that holds of 1, 2, 130, 5, 3, 4, 0."
)
