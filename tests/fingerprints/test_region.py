"""The region of the error is found in a log of any size, in memory or as a stream, in bounded time."""

from __future__ import annotations

import pytest

from drain.fingerprints import REGION_CHARS, RegionFinder, error_region, fingerprint
from tests.timing import least_seconds

ERROR = "Traceback (most recent call last):\n  File \"/srv/a/work.py\", line 3, in go\n    x()\nKeyError: 'lease'\n"
QUIET = "2026-01-01T00:00:00Z worker: all is well, nothing to see\n"


def log(before: int, error: str, after: int) -> str:
    return QUIET * before + error + QUIET * after


@pytest.mark.parametrize("before", [0, 30, 2_000, 60_000])
@pytest.mark.parametrize("after", [0, 30, 2_000, 60_000])
def test_the_key_is_that_of_the_error_wherever_it_stands(before, after):
    assert fingerprint(log(before, ERROR, after)).key == fingerprint(ERROR).key


def test_a_short_text_is_its_own_region():
    assert error_region(ERROR) == ERROR
    assert error_region("x" * REGION_CHARS) == "x" * REGION_CHARS


def test_a_text_without_any_error_keeps_its_beginning_and_its_end():
    region = error_region("first\n" + QUIET * 5_000 + "last", 1_000)
    assert region.startswith("first\n")
    assert region.endswith("last")
    assert len(region) <= 1_000


def test_a_strong_anchor_beats_a_later_weak_one_and_the_last_of_equals_wins():
    text = log(3_000, ERROR, 3_000) + ERROR.replace("lease", "lock") + log(3_000, "it failed\n", 0)
    assert fingerprint(text).title == "KeyError: 'lock'"


@pytest.mark.parametrize("size", [1, 1_000, 999_983])
def test_a_stream_gives_the_region_of_the_whole_whatever_its_pieces(size):
    raw = (log(40_000, ERROR, 40_000) + "é\n").encode()
    finder = RegionFinder()
    if size == 1:
        raw = raw[-60_000:]
    for start in range(0, len(raw), size):
        finder.feed_bytes(raw[start : start + size])
    assert finder.region() == error_region(raw.decode())


def test_bytes_that_are_cut_inside_a_character_or_are_no_text_do_no_harm():
    finder = RegionFinder()
    for piece in (b"caf\xc3", b"\xa9 \xff", b"\xe2\x82"):
        finder.feed_bytes(piece)
    assert finder.region() == "café \ufffd\ufffd"


@pytest.mark.parametrize(
    "unit",
    ["a", " ", "\n", "'", "'a ", "/", "a/", "a.", "a::", "(", "{", '{"error":"x"}\n', "\x1b[", "\x1b]", "    at f (a:1:1)\n",
     "main.f(0x1)\n\t/x.go:1\n", "thread 'x' panicked at ", '  File "x", line 1, in y\n', "FAILED a.py::b - c\n", "1 failed error 12345678\n",
     "Traceback (most recent call last):\n", "2024-01-01T00:00:00Z x\n", "worker-1 | x\n", "a@b.c", "com.a-", "deadbeef", "\udcff",
     '--- FAIL: x\n', '  1) a\n     b\n', 'FAIL a::b\n', 'ok 1 - a\nnot ok 2 - b\n', 'Error in rule a:\n  x\n', '<testcase name="a"><failure\n', '    #0 0x1 in f a.c:1\n', "  from a.rb:1:in `b'\n", '   bei A.B.C(x) in C:\\a.cs:Zeile 1\n', 'Input In [8], in <cell line: 44>()\n', '> File "a", line 1, in b\n', 'cannot a\n    #0 0x1 in f a.c:1:2\n', 'level=error msg=x err=y\n', 'ERROR <path>/"<\n', 'a.c:1:1: error: x\n', 'E0505 10:11:12.1  1 a.go:1] cannot x\n', 'Caused by: a.B: c\n', 'error: x:\n', '(Background on '],
)  # fmt: skip
def test_a_megabyte_made_to_be_slow_is_not(unit):
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    # Measured at a tenth of this; the margin is for a machine that is busy with other tests.
    assert least_seconds(lambda: fingerprint(text), enough=0.5) < 0.5


def test_a_report_of_thousands_of_failing_tests_is_read_in_bounded_time():
    text = "".join(f"--- FAIL: Test{at}\n  cannot open {at}\n" for at in range(40_000))
    assert least_seconds(lambda: fingerprint(text), enough=0.5) < 0.5
