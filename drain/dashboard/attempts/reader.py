"""Windows and searches of a log that may be far larger than memory.

One pass counts the lines of each block; after that any place is found by its block alone. A search reads
all, handles blocks whole, and cuts only those into lines that hold something to show.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LINE_BYTES = 4000
"""The kept part of one line; phases print gigabytes without a newline."""

Reader = Callable[[int], Iterable[bytes]]
"""Gives the blocks of a log from a byte on."""
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A numbered line, from 1; `cut` if more of it was printed than is kept."""

    number: int
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class LogWindow:
    """Some lines of a log and how many it has."""

    lines: list[NumberedLine]
    total: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The first lines that hold the words, how many do, and how many lines there are."""

    lines: list[NumberedLine]
    total: int
    all_lines: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some whole lines: the number of the first, how many, and their bytes."""

    first: int
    count: int
    data: bytes

    def lines(self) -> Iterator[NumberedLine]:
        for number, raw in enumerate(self.data.removesuffix(b"\n").split(b"\n"), self.first):
            text = raw[:LINE_BYTES].decode("utf-8", "replace")
            yield NumberedLine(number, text, len(raw) > LINE_BYTES)


@dataclass(frozen=True, slots=True)
class LogIndex:
    """The beginnings of a log's blocks: their first bytes, the newlines before them, and all lines."""

    starts: list[int]
    newlines: list[int]
    lines: int


def find_places(blocks: Iterable[bytes]) -> LogIndex:
    """Count the lines of a log, once: the only pass over all of it that showing it needs."""
    starts, newlines, start, before, last = [], [], 0, 0, b"\n"
    for block in filter(None, blocks):
        starts.append(start)
        newlines.append(before)
        start, before, last = start + len(block), before + block.count(b"\n"), block[-1:]
    return LogIndex(starts, newlines, before + (last != b"\n"))


def last_lines(read: Reader, places: LogIndex, count: int) -> LogWindow:
    """The end of the log."""
    return _window(read, places, max(1, places.lines - count + 1), count)


def lines_around(read: Reader, places: LogIndex, middle: int, count: int) -> LogWindow:
    """`count` lines with line `middle` in their middle; nothing past the end."""
    return _window(read, places, max(1, middle - count // 2), count)


def _window(read: Reader, places: LogIndex, first: int, count: int) -> LogWindow:
    lines: list[NumberedLine] = []
    if first <= places.lines:
        # The block with the newline before the first line; what stands before that has a lower number.
        block = max(0, bisect_left(places.newlines, first - 1) - 1)
        for piece in _pieces(read(places.starts[block]), places.newlines[block] + 1):
            if piece.first >= first + count:
                break
            lines += [line for line in piece.lines() if first <= line.number < first + count]
    return LogWindow(lines, places.lines)


def find_lines(blocks: Iterable[bytes], words: str, most: int) -> Hits:
    """Lines that hold `words`, ASCII letters alike in upper and lower case; colours do not part words."""
    needle = words.encode().lower()
    lines: list[NumberedLine] = []
    found = total = 0
    for piece in _pieces(blocks):
        total = piece.first + piece.count - 1
        data = _COLOUR.sub(b"", piece.data) if b"\x1b" in piece.data else piece.data
        low = data.lower()
        if needle not in low:
            continue
        places = [place for place, line in enumerate(low.split(b"\n")) if needle in line]
        found += len(places)
        if len(lines) < most:
            plain = list(_Piece(piece.first, piece.count, data).lines())
            lines += [plain[place] for place in places[: most - len(lines)]]
    return Hits(lines, found, total)


def _pieces(blocks: Iterable[bytes], number: int = 1) -> Iterator[_Piece]:
    """Pieces of whole lines, `number` is the first; of one longer than a block only the beginning is kept."""
    rest = b""
    for block in blocks:
        whole, newline, tail = block.rpartition(b"\n")
        if not newline:
            rest = (rest + block)[: LINE_BYTES + 1]
            continue
        data = rest + whole + newline
        piece = _Piece(number, data.count(b"\n"), data)
        yield piece
        number, rest = number + piece.count, tail[: LINE_BYTES + 1]
    if rest:
        yield _Piece(number, 1, rest)
