"""Output of a phase: any bytes, any amount, at flat memory.

Up to MEMORY_LIMIT a log lives in memory and no file is made. Beyond that the whole log goes to a bounded file
(`spool`), while memory keeps its first and last part for the heartbeat and the fingerprint.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from drain.engine.process.output.spool import LogSpool
from drain.engine.process.output.text import cut_notice, last_lines, safe_text
from drain.policy.secrets import NOTHING_HIDDEN, Mask

HEAD_KEPT = 64 * 1024
TAIL_KEPT = 192 * 1024
MEMORY_LIMIT = HEAD_KEPT + TAIL_KEPT
"""Bytes of a log kept in memory, and the most that is offered to the fingerprint."""
STORED_LIMIT = 16 * 1024
"""Compressed bytes that may live in the attempt's row."""
HEAD_TEXT = 4 * 1024
TAIL_TEXT = 16 * 1024


@dataclass(frozen=True, slots=True)
class LogSummary:
    """A finished log. Exactly one of `stored` and `path` is set."""

    total_bytes: int
    """Bytes printed, kept or not."""
    stored: bytes | None
    """Output for the attempt's row, zlib-compressed, at most STORED_LIMIT bytes; b"" for none."""
    path: Path | None
    """File with a larger log (uncompressed, at most `spool.FILE_LIMIT` bytes) in the worker's folder."""
    head: str
    """First HEAD_TEXT bytes of the output as safe text; empty if `tail` holds everything."""
    tail: str
    """Last TAIL_TEXT bytes of the output as safe text, or all of a small one."""
    error_input: str
    """Safe text in which the fingerprint looks for the error region:
    all, or head and tail of MEMORY_LIMIT bytes.
    """


NOTHING = LogSummary(0, b"", None, "", "", "")


class LogSink:
    """Takes output as it comes. A full disk costs the file, never the attempt."""

    def __init__(self, folder: Path, name: str, mask: Mask = NOTHING_HIDDEN) -> None:
        self.total = 0
        self._mask = mask
        self._folder = folder
        self._name = name
        self._head = bytearray()
        self._tail = bytearray()
        self._spool: LogSpool | None = None

    def feed(self, data: bytes) -> None:
        """Take some more output; of its secrets nothing is kept."""
        self._take(self._mask.feed(data))

    def _take(self, data: bytes) -> None:
        self.total += len(data)
        if self._spool is not None:
            self._spool.write(data)
        room = HEAD_KEPT - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if self._spool is None and self.total > MEMORY_LIMIT:
            self._start_spool()
        if len(self._tail) > 2 * TAIL_KEPT:
            del self._tail[:-TAIL_KEPT]

    @property
    def is_large(self) -> bool:
        """True if it is in a file of its own, which `finish` puts in order."""
        return self._spool is not None

    def tail_lines(self, count: int) -> list[str]:
        """Return the last `count` lines so far, each bounded, safe to store and show."""
        return last_lines(self._last(TAIL_TEXT), count)

    def finish(self) -> LogSummary:
        """Close the log and say what was kept."""
        self._take(self._mask.rest())
        if not self.total:
            return NOTHING
        stored, path = self._keep()
        head, tail = self._ends()
        return LogSummary(self.total, stored, path, head, tail, self._error_input())

    def _path(self) -> Path:
        return self._folder / f"{self._name}.log"

    def _start_spool(self) -> None:
        self._spool = LogSpool(self._path())
        self._spool.write(self._head)
        self._spool.write(self._tail)

    def _keep(self) -> tuple[bytes | None, Path | None]:
        if self._spool is None:
            packed = zlib.compress(self._head + self._tail)
            if len(packed) <= STORED_LIMIT:
                return packed, None
            self._start_spool()
        if self._spool is not None and self._spool.close():
            return None, self._path()
        return self._keep_ends(), None

    def _keep_ends(self) -> bytes:
        """Keep what fits into the row when no file could be written; raw parts of 12 kB never exceed it."""
        head, tail = self._head[: HEAD_TEXT - 256], self._tail[-2 * HEAD_TEXT :]
        return zlib.compress(head + cut_notice(self.total - len(head) - len(tail)) + tail)

    def _ends(self) -> tuple[str, str]:
        if self.total <= HEAD_TEXT + TAIL_TEXT:
            return "", safe_text(bytes(self._head + self._tail))
        return safe_text(bytes(self._head[:HEAD_TEXT])), safe_text(self._last(TAIL_TEXT))

    def _last(self, count: int) -> bytes:
        tail = self._tail[-count:]
        if len(tail) < count:
            tail = self._head[len(tail) - count :] + tail
        return bytes(tail)

    def _error_input(self) -> str:
        if self.total <= MEMORY_LIMIT:
            return safe_text(bytes(self._head + self._tail))
        tail = self._tail[-TAIL_KEPT:]
        lost = self.total - len(self._head) - len(tail)
        return safe_text(bytes(self._head + cut_notice(lost) + tail))
