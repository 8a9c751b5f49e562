"""Finds the part of a log of any size that tells of its failure, in one pass and flat memory.

A log is searched in blocks for anchors, the strongest kind first and its last place in the block.
Only the window around the best one is kept, so that everything after this works on bounded text.
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
        # More is kept before an anchor than after it: chains and compilers tell upwards.
        self._before = limit * 5 // 8
        self._block = max(_BLOCK, 8 * limit)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        self._head = ""
        self._best = ""
        self._rank = _NO_ANCHOR
        self._whole = True

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
        if self._whole and len(self._buffer) <= self._limit:
            return self._buffer
        self._search(self._buffer)
        if self._rank < _NO_ANCHOR:
            return self._best
        half = self._limit // 2
        end = self._buffer[len(self._buffer) - half :]
        return (self._head or self._buffer)[: self._limit - half - 1] + "\n" + end

    def _keep_from(self, start: int) -> None:
        if self._whole:
            self._head = self._buffer[: self._limit]
            self._whole = False
        self._buffer = self._buffer[start:]

    def _search(self, block: str) -> None:
        """Keep the window around the block's best anchor if it is as good as the best so far."""
        for rank in range(min(self._rank, _NO_ANCHOR - 1) + 1):
            place = max(block.rfind(anchor) for anchor in _ANCHORS[rank])
            if place >= 0:
                self._best = self._window(block, place)
                self._rank = rank
                return

    def _window(self, block: str, place: int) -> str:
        """Whole lines around ``place``, as far as lines end within the window."""
        start = max(0, min(place - self._before, len(block) - self._limit))
        end = min(len(block), start + self._limit)
        if start:
            feed = block.find("\n", start, place)
            start = feed + 1 if feed >= 0 else start
        return block[start:end]


def error_region(text: str, limit: int = REGION_CHARS) -> str:
    """The part of a log that tells of its failure, at most ``limit`` characters."""
    if len(text) <= limit:
        return text
    finder = RegionFinder(limit)
    finder.feed(text)
    return finder.region()
