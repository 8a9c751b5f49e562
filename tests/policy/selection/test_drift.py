"""Differences between the plan that somebody saw and the one that was frozen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.selection.drift import SEEN_AT_MOST, drift, seen_plan


def test_a_plan_that_stayed_the_same_says_zero():
    same = drift(seen_plan([3, 1, 2]), [3, 1, 2])
    assert not same.any
    assert same.sentence == "0 phases changed since the preview."


@pytest.mark.parametrize(
    ("seen", "frozen", "sentence"),
    [
        ([1, 2, 3], [1, 4, 5], "4 phases changed since the preview: 2 left the plan, 2 joined it."),
        ([1, 2], [1], "1 phase changed since the preview: 1 left the plan, 0 joined it."),
        ([1, 2], [2, 1], "0 phases changed since the preview, their order did."),
        ([], [7], "1 phase changed since the preview: 0 left the plan, 1 joined it."),
    ],
)
def test_a_changed_plan_says_how_many_phases_came_and_went(seen, frozen, sentence):
    found = drift(seen_plan(seen), frozen)
    assert found.any
    assert found.sentence == sentence


def test_a_plan_too_long_to_send_along_still_says_that_it_changed():
    long = list(range(SEEN_AT_MOST + 1))
    found = drift(seen_plan(long), long[1:])
    assert found.unknown
    assert found.sentence == "The plan changed since the preview."
    assert not drift(seen_plan(long), long).any


@given(st.lists(st.integers(1, 30), unique=True), st.lists(st.integers(1, 30), unique=True))
def test_what_was_seen_minus_what_left_plus_what_joined_is_what_was_frozen(seen, frozen):
    found = drift(seen_plan(seen), frozen)
    assert (set(seen) - set(found.gone)) | set(found.joined) == set(frozen)
    assert found.any == (seen != frozen)
