"""A log of any size is read in blocks: its end, a place in it, a search through all of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from drain.dashboard.attempts.reader import (
    LINE_BYTES,
    LogWindow,
    Reader,
    find_lines,
    find_places,
    last_lines,
    lines_around,
)

LINES = [f"line {number}" for number in range(1, 1001)]


def blocks(text: str, size: int) -> list[bytes]:
    data = text.encode()
    return [data[start : start + size] for start in range(0, len(data), size)]


def reader(pieces: list[bytes]) -> Reader:
    """A log that can be read from the beginning of each of its blocks."""
    data, size = b"".join(pieces), len(pieces[0]) if pieces else 1

    def read(start: int) -> Iterator[bytes]:
        return (data[place : place + size] for place in range(start, len(data), size))

    return read


def end(pieces: list[bytes], count: int) -> LogWindow:
    return last_lines(reader(pieces), find_places(pieces), count)


def around(pieces: list[bytes], middle: int, count: int) -> LogWindow:
    return lines_around(reader(pieces), find_places(pieces), middle, count)


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_the_end_is_numbered_as_in_the_whole_file(size):
    window = end(blocks("\n".join(LINES) + "\n", size), 3)
    assert [(line.number, line.text) for line in window.lines] == [
        (998, "line 998"),
        (999, "line 999"),
        (1000, "line 1000"),
    ]
    assert window.total == 1000


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_place_in_the_middle(size):
    window = around(blocks("\n".join(LINES), size), 500, 4)
    assert [line.number for line in window.lines] == [498, 499, 500, 501]
    assert [line.text for line in window.lines][2] == "line 500"
    assert window.total == 1000


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_every_place_of_a_log_is_the_same_as_in_the_whole(size):
    pieces = blocks("a\n\n\n" + "b" * 90 + "\nc\n\nlast", size)
    whole = [(line.number, line.text) for line in around(pieces, 1, 99).lines]
    assert [number for number, _ in whole] == [1, 2, 3, 4, 5, 6, 7]
    for first in range(1, 10):
        found = around(pieces, first + 1, 2)
        assert [(line.number, line.text) for line in found.lines] == whole[first - 1 : first + 1]
        assert found.total == 7


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_search_reads_all_and_shows_the_first_hits(size):
    hits = find_lines(blocks("\n".join(LINES), size), "LINE 99", 3)
    assert [line.number for line in hits.lines] == [99, 990, 991]
    assert (hits.total, hits.all_lines) == (11, 1000)


def test_colours_do_not_part_the_words_that_are_searched():
    hits = find_lines([b"\x1b[1mFAI\x1b[31mLED\x1b[0m tests\n"], "failed tests", 5)
    assert hits.total == 1


def test_a_line_without_end_is_cut_and_the_next_one_found():
    window = end([b"x" * 50_000, b"x" * 50_000, b"x\nend"], 5)
    assert [(line.number, len(line.text), line.cut) for line in window.lines] == [
        (1, LINE_BYTES, True),
        (2, 3, False),
    ]


def test_an_empty_log_and_broken_utf8():
    assert end([], 5).lines == []
    assert around([b""], 1, 5).total == 0
    assert end([b"\xff\xfe\n"], 5).lines[0].text == "\N{REPLACEMENT CHARACTER}" * 2


def test_memory_stays_flat_over_a_large_log():
    block = (b"some ordinary line of a log\n" * 10_000)[: 256 * 1024]
    tracemalloc.start()
    hits = find_lines((block for _ in range(100)), "nowhere", 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert hits.total == 0
    assert hits.all_lines > 900_000
    assert peak < 8_000_000
