"""Windows and searches of a log that may be far larger than memory: one pass over its blocks.

Blocks are handled whole wherever possible (counting, searching), and only those that hold something
to show are cut into lines: a log of 100 MB takes a fraction of a second.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE_BYTES = 4000
"""What is kept of one line; phases print gigabytes without a newline."""

_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered line, from 1; `cut` if more of it was printed than is kept."""

    number: int
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a log and how many it has."""

    lines: list[Line]
    total: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The first lines that hold the words, how many do, and how many lines there are."""

    lines: list[Line]
    total: int
    all_lines: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some whole lines: the number of the first, how many, and their bytes."""

    first: int
    count: int
    data: bytes

    def lines(self) -> Iterator[Line]:
        for number, raw in enumerate(self.data.removesuffix(b"\n").split(b"\n"), self.first):
            text = raw[:LINE_BYTES].decode("utf-8", "replace")
            yield Line(number, text, len(raw) > LINE_BYTES)


def last_lines(blocks: Iterable[bytes], count: int) -> Window:
    """The end of the log."""
    kept: deque[_Piece] = deque()
    total = held = 0
    for piece in _pieces(blocks):
        kept.append(piece)
        total, held = piece.first + piece.count - 1, held + piece.count
        while held - kept[0].count >= count:
            held -= kept.popleft().count
    lines = [line for piece in kept for line in piece.lines()]
    return Window(lines[-count:], total)


def lines_around(blocks: Iterable[bytes], middle: int, count: int) -> Window:
    """`count` lines with line `middle` in their middle; nothing past the end."""
    first = max(1, middle - count // 2)
    lines: list[Line] = []
    total = 0
    for piece in _pieces(blocks):
        total = piece.first + piece.count - 1
        if piece.first < first + count and total >= first:
            lines += [line for line in piece.lines() if first <= line.number < first + count]
    return Window(lines, total)


def find_lines(blocks: Iterable[bytes], words: str, most: int) -> Hits:
    """Lines that hold `words`, with ASCII letters alike in upper and lower case; colours do not part words."""
    needle = words.encode().lower()
    lines: list[Line] = []
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


def _pieces(blocks: Iterable[bytes]) -> Iterator[_Piece]:
    """The log in pieces of whole lines; of a line longer than a block only its beginning is kept."""
    number, rest = 1, b""
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
