"""A log file of bounded size: the first HEAD_LIMIT bytes and the last RING_LIMIT bytes of whatever is
written.

While it fits, the file is simply the log.
Beyond that, its second part is a ring that is put in order on close.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from drain.engine.process.output.text import cut_notice

HEAD_LIMIT = 8 * 1024 * 1024
RING_LIMIT = 24 * 1024 * 1024
FILE_LIMIT = HEAD_LIMIT + RING_LIMIT
"""Bytes of log in one file; the notice between head and tail comes on top."""
_BLOCK = 1024 * 1024
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


class LogSpool:
    """One log file, made by the first write. After a disk error it takes no more and says so on close."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._written = 0
        self._broken = False

    def write(self, data: bytes | bytearray) -> None:
        """Append to the log."""
        if self._broken:
            return
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, _FLAGS, 0o600)
            self._append(memoryview(data))
        except OSError:
            self._broken = True

    def close(self) -> bool:
        """Put the file in order; False if there is no usable file."""
        if self._fd < 0:
            return False
        try:
            if not self._broken and self._written > FILE_LIMIT:
                self._straighten()
        except OSError:
            self._broken = True
        os.close(self._fd)
        self._fd = -1
        if self._broken:
            # A broken file would be taken for the log; this happens on a full disk only.
            self._path.unlink(missing_ok=True)
        return not self._broken

    def _append(self, data: memoryview) -> None:
        while data:
            offset = self._offset(self._written)
            end = HEAD_LIMIT if offset < HEAD_LIMIT else FILE_LIMIT
            count = os.pwrite(self._fd, data[: end - offset], offset)
            self._written += count
            data = data[count:]

    @staticmethod
    def _offset(written: int) -> int:
        return written if written < HEAD_LIMIT else HEAD_LIMIT + (written - HEAD_LIMIT) % RING_LIMIT

    def _straighten(self) -> None:
        oldest = self._offset(self._written)
        part = self._path.with_suffix(".part")
        with os.fdopen(os.open(part, _FLAGS, 0o600), "wb") as ordered:
            for block in self._blocks(0, HEAD_LIMIT):
                ordered.write(block)
            ordered.write(cut_notice(self._written - FILE_LIMIT))
            for start, end in ((oldest, FILE_LIMIT), (HEAD_LIMIT, oldest)):
                for block in self._blocks(start, end):
                    ordered.write(block)
        part.replace(self._path)

    def _blocks(self, start: int, end: int) -> Iterator[bytes]:
        for offset in range(start, end, _BLOCK):
            yield os.pread(self._fd, min(_BLOCK, end - offset), offset)
