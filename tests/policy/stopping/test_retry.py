"""A phase that asks to be run again waits longer each time and not for ever."""

from __future__ import annotations

import pytest

from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.retry import back_off, offered_again


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 5), (1, 5), (2, 10), (4, 40), (9999, 300)])
def test_waiting_doubles_up_to_five_minutes(attempts, seconds):
    assert back_off(attempts) == seconds


@pytest.mark.parametrize(
    ("outcome", "attempts", "again"),
    [(Outcome.RETRYABLE, 1, True), (Outcome.RETRYABLE, 2, False), (Outcome.FAILED, 1, False)],
)
def test_only_a_retryable_phase_is_offered_again_within_its_attempts(outcome, attempts, again):
    assert offered_again(Limits(), outcome, attempts) is again
