"""A whole number is ASCII digits within its bound, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.numbers import HIGHEST, whole


@given(st.integers(0, HIGHEST), st.integers(0, 9))
def test_what_is_written_is_read_with_or_without_zeros_before_it(number: int, zeros: int) -> None:
    assert whole("0" * zeros + str(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", " 1", "+1", "-1", "1_0", "1.0", "²", "\u0661", "1\n", str(HIGHEST + 1), "9" * 5000],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert whole(text) is None


@given(st.integers(0, 2**70), st.integers(0, HIGHEST))
def test_a_number_above_the_bound_is_none(number: int, most: int) -> None:
    assert whole(str(number), most) == (number if number <= most else None)
