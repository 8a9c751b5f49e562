"""Finds the part of a log of any size that tells of its failure, in one pass and flat memory.

A log is searched in blocks for anchors, the strongest kind first and its last place in the block.
Only the window around the best one and the end of the log are kept, so that everything after this works
on bounded text: the end because it tells how it ended, the window because the end may tell nothing.
The same code serves a text in memory and a stream, and both give the same region.
"""

from __future__ import annotations

import codecs

# What one fingerprint looks at; a region is never longer.
REGION_CHARS = 32_000
_BLOCK = 1_000_000

# Words that errors begin with, in groups of falling strength. The last place counts: what ended a
# phase is near the end, and an earlier one was survived.
_ANCHORS: tuple[tuple[str, ...], ...] = (
    ("Traceback (most recent call last)", "short test summary info", "panicked at ", "\ngoroutine "),
    ("Caused by: ", "\n\tat ", "\n    at ", "panic: ", "CMake Error", "npm ERR! code", "npm error code"),
    (": error:", "error[", ": error TS", "fatal:", "FATAL", "undefined reference"),
    ("Error:", "Exception:", "error:", "ERROR", "*** [", "Segmentation fault", "Killed"),
    ("rror", "failed", "FAILED", "cannot", "refused", "denied", "not found", "No such file"),
)  # fmt: skip
_NO_ANCHOR = len(_ANCHORS)


class RegionFinder:
    """Takes a log piece by piece and keeps the region of its failure; feed text, then ``region()``."""

    def __init__(self, limit: int = REGION_CHARS) -> None:
        """``limit``: the longest region wanted, in characters."""
        self._limit = limit
        self._half = limit // 2
        # More is kept before an anchor than after it: chains and compilers tell upwards.
        self._before = self._half * 5 // 8
        self._block = max(_BLOCK, 8 * limit)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        # Where the buffer begins in the whole text.
        self._offset = 0
        self._head = ""
        self._best = ""
        self._best_start = 0
        self._rank = _NO_ANCHOR

    def feed(self, piece: str) -> None:
        """The next piece of the log, of any length."""
        for start in range(0, len(piece), self._block):
            self._buffer += piece[start : start + self._block]
            while len(self._buffer) >= 2 * self._block:
                self._search(self._buffer[: self._block])
                self._keep_from(self._block - self._limit)

    def feed_bytes(self, piece: bytes) -> None:
        """The next bytes of the log; characters may be cut anywhere, what is no UTF-8 is replaced."""
        self.feed(self._decoder.decode(piece))

    def region(self) -> str:
        """The region, at most ``limit`` characters; the whole text when it is no longer than that."""
        self._buffer += self._decoder.decode(b"", final=True)
        if not self._offset and len(self._buffer) <= self._limit:
            return self._buffer
        self._search(self._buffer)
        size = len(self._buffer)
        start = self._best_start - self._offset
        if self._rank < _NO_ANCHOR and start >= size - self._limit:
            return _whole_lines(self._buffer, size - self._limit)
        end = _whole_lines(self._buffer, size - self._half)
        first = self._best if self._rank < _NO_ANCHOR else (self._head or self._buffer)
        return first[: self._limit - self._half - 1] + "\n" + end

    def _keep_from(self, start: int) -> None:
        if not self._offset:
            self._head = self._buffer[: self._limit]
        self._buffer = self._buffer[start:]
        self._offset += start

    def _search(self, block: str) -> None:
        """Keep the window around the block's best anchor if it is as good as the best so far."""
        for rank in range(min(self._rank, _NO_ANCHOR - 1) + 1):
            place = max(block.rfind(anchor) for anchor in _ANCHORS[rank])
            if place >= 0:
                start = max(0, place - self._before)
                self._best = _whole_lines(block[: start + self._half], start)
                self._best_start = self._offset + start
                self._rank = rank
                return


def _whole_lines(text: str, start: int) -> str:
    """The text from ``start`` on, without a first line that was cut as far as others follow."""
    if start <= 0:
        return text
    feed = text.find("\n", start)
    return text[feed + 1 :] if 0 <= feed < len(text) - 1 else text[start:]


def error_region(text: str, limit: int = REGION_CHARS) -> str:
    """The part of a log that tells of its failure, at most ``limit`` characters."""
    if len(text) <= limit:
        return text
    finder = RegionFinder(limit)
    finder.feed(text)
    return finder.region()
