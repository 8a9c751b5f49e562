"""Texts that no column can hold are named; everything else passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.texts import unstorable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("é \u202e 💣 \ufffe \x1b[31m", ""),
        ("a\0b", "a NUL byte: leave it out"),
        ("\udcff", "half of a character, like \\ud800: write it in UTF-8"),
    ],
)
def test_what_cannot_be_stored_is_named_with_the_way_out(text: str, said: str) -> None:
    assert unstorable(text) == said


@given(st.text(st.characters(exclude_categories=[])))
def test_what_passes_is_utf_8_without_a_nul(text: str) -> None:
    assert bool(unstorable(text)) is ("\0" in text or text != text.encode(errors="ignore").decode())
