"""Retries: the delay of a phase that asked to be run again, and the end of its turns."""

from __future__ import annotations

from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0


def back_off(attempts: int) -> float:
    """Seconds before the next try after `attempts` (at least 1): 5, 10, 20 … up to 300."""
    # The exponent is bounded first: two to the power of a thousand is no float.
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(max(attempts, 1) - 1, 16))


def offered_again(limits: Limits, outcome: Outcome, session_attempts: int) -> bool:
    """Return whether the phase goes to the end of the plan; `session_attempts` includes the one ended.

    A lost attempt is the worker's end, not the phase's, so the phase gets another turn as well.
    """
    again = outcome in (Outcome.RETRYABLE, Outcome.LOST)
    return again and session_attempts < limits.max_attempts_per_phase
