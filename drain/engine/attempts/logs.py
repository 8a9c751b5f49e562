"""Logs of ended attempts: small ones in the row, larger ones behind the storage alias."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from django.core.files import File
from django.core.files.storage import storages

from drain.engine.process.output.log import LogSummary
from drain.models import Attempt

BLOCK = 256 * 1024


class _LocalLog(File):  # type: ignore[type-arg]
    """A finished log that a file system storage may move instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def keep_log(attempt: int, log: LogSummary) -> str:
    """Hand a large log to the storage and return its name there; "" for one that lives in the row.

    Names come from ids alone: nothing that a phase or a person typed gets into a path.
    """
    if log.path is None:
        return ""
    name = f"{attempt // 10_000:06d}/{attempt}.log"
    with Path(log.path).open("rb") as opened:
        return storages["attempt_logs"].save(name, _LocalLog(opened, name=str(log.path)))


def open_log(attempt: Attempt, start: int = 0) -> Iterator[bytes]:
    """The kept log from byte `start` on, in blocks, at flat memory; nothing if nothing was printed.

    Raises OSError, at the first block, when the storage has lost it.
    """
    if attempt.log_name:
        with storages["attempt_logs"].open(attempt.log_name) as opened:
            opened.seek(start)
            yield from iter(lambda: opened.read(BLOCK), b"")
    elif attempt.log_inline:
        yield zlib.decompress(bytes(attempt.log_inline))[start:]
