"""The output of a phase is shown with its colours and can do nothing else."""

from __future__ import annotations

import pytest

from drain.dashboard.attempts.ansi import Painter, plain


def painted(*lines: str) -> list[list[tuple[str, str]]]:
    painter = Painter()
    return [[(piece.text, piece.css) for piece in painter.line(line)] for line in lines]


def test_colours_become_classes():
    assert painted("a \x1b[31mred\x1b[0m b") == [[("a ", ""), ("red", "ansi-red"), (" b", "")]]
    assert painted("\x1b[1;4;92mx") == [[("x", "ansi-green ansi-bold ansi-underline")]]


def test_a_colour_goes_on_over_the_end_of_a_line():
    assert painted("\x1b[33mone", "two\x1b[m", "three")[1:] == [
        [("two", "ansi-yellow")],
        [("three", "")],
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x1b[38;5;196mextended\x1b[0m", "extended"),
        ("\x1b[999999999999;31;x", ""),
        ("10 %\r50 %\r100 %\r", "100 %"),
        ("nul\x00bell\x07", "nulbell"),
        ("\x1b", ""),
        ("safe\u202etxt", "safe\N{REPLACEMENT CHARACTER}txt"),
    ],
)
def test_nothing_but_text_gets_through(text, shown):
    assert "".join(piece.text for piece in Painter().line(text)) == shown


def test_a_class_is_one_of_our_own_whatever_the_sequence_says():
    (pieces,) = painted('\x1b[31m"><img\x1b[31;x"onerror=ym\x1b[0;7;97;1mafter')
    assert {css for _, css in pieces} == {"ansi-red", "ansi-white ansi-bold"}


def test_many_sequences_take_time_in_step_with_their_length():
    assert painted("\x1b[31m\x1b[0m" * 20_000) == [[]]
    assert painted("\x1b]" * 20_000) == [[]]


def test_plain_text_for_searching():
    assert plain("\x1b[1mFAI\x1b[31mLED\x1b[0m") == "FAILED"
