"""Tier and index as one number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.selection.place import place_of, place_words

INDEX = st.integers(1 - 2**31, 2**31 - 1)
PAIR = st.tuples(INDEX, INDEX)


@given(PAIR, PAIR)
def test_places_sort_as_pairs_of_tier_and_index_do(one, other):
    assert (place_of(*one) < place_of(*other)) == (one < other)
    assert -(2**63) <= place_of(*one) < 2**63


@pytest.mark.parametrize(
    ("tier", "index", "words"),
    [
        (0, 3, "index 3"),
        (2, 0, "tier 2, index 0"),
        (1, -1, "tier 1, index -1"),
        (0, -4, "index -4"),
    ],
)
def test_the_first_tier_needs_no_name(tier, index, words):
    assert place_words(place_of(tier, index)) == words
