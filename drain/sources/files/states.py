"""States of other tools as ours."""

from __future__ import annotations

from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError

LEFT_OUT = "-"
"""Instead of a state: rows in it are left out."""
_SAME = {
    PhaseState.COMPLETE: "completed success succeeded successful passed pass ok done finished",
    PhaseState.FAILED: "failure fail error errored timeout timed_out dead",
    PhaseState.QUEUED: "pending waiting scheduled enqueued created new",
    PhaseState.EXECUTING: "running started in_progress active processing",
    PhaseState.SKIPPED: "skip",
}
_STATES = {state.value.lower(): state for state in PhaseState} | {
    word: state for state, words in _SAME.items() for word in words.split()
}


def known_state(written: str) -> PhaseState | None:
    """Return the state that a word names whatever the tool, also as `PhaseState.FAILED`; None for all else."""
    return _STATES.get(plain_state(written))


def plain_state(written: str) -> str:
    """Return a state as it is compared: without its class, case and blanks."""
    return written.strip().rpartition(".")[2].lower().replace(" ", "_").replace("-", "_")


def target_state(written: str) -> PhaseState | None:
    """Return the state of ours that a mapping names, None for `-`; raises SourceError for all else."""
    if written == LEFT_OUT:
        return None
    name = written.strip().upper()
    if name not in PhaseState.values:
        known = ", ".join(PhaseState.values)
        raise SourceError(
            f"{written[:40]!r} is no state of drainsite; write one of {known}, or - to leave out."
        )
    return PhaseState(name)
