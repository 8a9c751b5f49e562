"""A page loses the times before its lines at once as its lines lose them one by one."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.fingerprints.readers.lines import Level, read_line, without_times

MOMENTS = st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2038, 1, 1))  # noqa: DTZ001 - as logs print them
FORMS = st.sampled_from(
    ["%Y-%m-%dT%H:%M:%S.%fZ ", "[%Y-%m-%d %H:%M:%S,%f] ", "%d/%m/%Y %H:%M:%S ", "%H:%M:%S ", "%H:%M:%S: ", "%Y-%m-%d %H:%M:%S - ", "%H:%M:%S", "%d-%b-%Y %H:%M:%S "]
)  # fmt: skip
# What can stand behind a time: nothing, the rest of a time, more wrapping, words.
RESTS = st.lists(
    st.sampled_from(
        ["", " ", "    ", "Z ", "z", "AM ", "pm ", "UTC ", "+02 ", " +02:00 ", "- ", " | ", ": ", "stderr F ", "std ", "warn/main] ", "ERROR ", "info ", "{", "[x] ",
         "web-1  | ", "level=error msg=x", "12:00:01 ", "#1 ", "cart cannot open", "lib/cart.py", "\t", ".5 ", "Foo: ", "##[error]"]
    ),
    max_size=4,
).map("".join)  # fmt: skip


@given(FORMS, st.lists(st.tuples(MOMENTS, RESTS), min_size=1, max_size=6), st.lists(RESTS))
@settings(max_examples=100, deadline=None)
def test_what_lines_lose_at_once_is_what_each_loses_alone(form, stamped, others):
    lines = [f"{moment:{form}}{rest}" for moment, rest in stamped] + others
    for line, bare in zip(lines, without_times(lines), strict=True):
        assert bare == line or (bare, Level.NONE) == read_line(line)


def test_plain_lines_of_one_form_lose_their_times():
    lines = [
        "10:00:01 cart cannot open",
        "10:00:02   in the shop",
        "10:00:03 ERROR closed",
        "later",
    ]
    assert without_times(lines) == ["cart cannot open", "  in the shop", lines[2], "later"]


@pytest.mark.parametrize(
    "lines",
    [
        ["10:00:01 web-1  | cart", "10:00:02 web-1  | shop"],
        ["10:00:01: cart", "10:00:02: warn/main] cart"],
        ["10:00:01", "10:00:02 cart"],
        ["10:00:01 cart", "10:00:02   - cart"],
        ["2026-01-02 10:00:01 cart", "2026-01-02 10:00:02 Z cart"],
        ["10:00:01 cart", "10:00:02 stderr F cart"],
        ["10:00:01 cart", "10:00:02 ERROR cart"],
        ["cart cannot open", "10:00:02 cart"],
    ],
    ids=["a container", "a level in the time", "no blank behind it", "a dash", "a zone", "a stream", "a level", "no time at first"],
)  # fmt: skip
def test_what_may_belong_to_a_time_is_left_to_the_line(lines):
    for line, bare in zip(lines, without_times(lines), strict=True):
        assert bare == line or (bare, Level.NONE) == read_line(line)
