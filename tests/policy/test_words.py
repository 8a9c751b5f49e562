"""Texts for people: durations and ages, workers, last lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.policy.words import age, duration, last_line, who

NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (192, "3 min 12 s"),
        (timedelta(hours=6, minutes=11), "6 h 11 min"),
        (timedelta(days=4, hours=2), "4 d 02 h"),
        (-30, "−30 s"),
    ],
)
def test_a_duration_keeps_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=14, seconds=5), "14 min"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_an_age_is_whole_and_never_negative(ago, text):
    assert age(NOW - ago, NOW) == text


def test_a_worker_is_named_by_host_and_process_and_a_person_as_it_is():
    assert who("vm/20574/285ed48e61884c12882811f95035db6d") == "vm/20574"
    assert [who(name) for name in ("olga", "os:ada@vm/1", None, "")] == [
        "olga",
        "os:ada@vm/1",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("Traceback\n  File x\nValueError: bad\n\n  ", "ValueError: bad"),
        ("one", "one"),
        ("a\r\n  b  \r\n", "b"),
        ("x" * 9000, "x" * 160),
    ],
)
def test_the_last_line_is_the_last_that_says_something_cut_to_what_a_list_shows(text, line):
    assert last_line(text) == line
