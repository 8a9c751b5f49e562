"""What a phase prints is shown with its colours and can do nothing else."""

from __future__ import annotations

import pytest

from drain.dashboard.attempts.ansi import Painter, plain


def painted(*lines: str) -> str:
    painter = Painter()
    return "\n".join(painter.line(line) for line in lines)


def test_colours_become_classes():
    assert painted("a \x1b[31mred\x1b[0m b") == 'a <span class="ansi-red">red</span> b'
    assert painted("\x1b[1;4;92mx") == '<span class="ansi-green ansi-bold ansi-underline">x</span>'


def test_a_colour_goes_on_over_the_end_of_a_line():
    assert painted("\x1b[33mone", "two\x1b[m", "three").splitlines()[1:] == [
        '<span class="ansi-yellow">two</span>',
        "three",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (
            '\x1b[31m"><img src=x onerror=y>',
            '<span class="ansi-red">&quot;&gt;&lt;img src=x onerror=y&gt;</span>',
        ),
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
def test_nothing_but_text_and_our_own_classes_gets_through(text, shown):
    assert painted(text) == shown


def test_many_sequences_take_time_in_step_with_their_length():
    assert painted("\x1b[31m\x1b[0m" * 20_000) == ""
    assert painted("\x1b]" * 20_000) == ""


def test_plain_text_for_searching():
    assert plain("\x1b[1mFAI\x1b[31mLED\x1b[0m") == "FAILED"
