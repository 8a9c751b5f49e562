"""DRAIN_REPORT: the JSON-lines file in which a phase tells what it does.

The phase writes the file, so it may be anything: it is opened without following links, only as a regular file
with one name, and read within bounds. A line that cannot be read is counted and named by its number; it never
fails the attempt.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from drain.engine.process.output.events import (
    BadLineError,
    Event,
    FailureEvent,
    OutcomeEvent,
    ProgressEvent,
    Report,
    StateEvent,
    TelemetryEvent,
    parse_line,
)
from drain.policy.secrets import NOTHING_HIDDEN, Mask

FILE_LIMIT = 8 * 1024 * 1024
GROWTH_LIMIT = 2 * FILE_LIMIT
"""A file that grows beyond this while its phase runs is cut."""
LINE_LIMIT = 64 * 1024
LINE_COUNT_LIMIT = 50_000
TELEMETRY_KEPT = 10_000
BAD_LINES_KEPT = 20
STATES_KEPT = 1_000
_BLOCK = 256 * 1024
_LEAST_FREE = 64 * 1024
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ReportReader:
    """Reads the report while the phase writes it."""

    def __init__(self, path: Path | str | None, mask: Mask = NOTHING_HIDDEN) -> None:
        self._path = path
        self._mask = mask
        self._fd = -1
        self._offset = 0
        self._partial = b""
        self._skipping = False
        self._lines = 0
        self._telemetry: list[TelemetryEvent] = []
        self._telemetry_count = 0
        self._state: str | None = None
        self._states: list[str] = []
        self._failure: FailureEvent | None = None
        self._outcome: str | None = None
        self._progress: ProgressEvent | None = None
        self._bad: list[str] = []
        self._bad_count = 0
        self._problem: str | None = None
        self._doubt: str | None = None

    @property
    def left(self) -> int:
        """Bytes that are not read yet, as far as the file can be looked at."""
        if self._problem is not None:
            return 0
        try:
            size = (
                os.fstat(self._fd).st_size if self._fd >= 0 else os.lstat(self._path or "").st_size
            )
        except OSError:
            return 0
        return max(0, size - self._offset)

    def poll(self) -> list[Event]:
        """Return the events since the last call, from at most one block of the file."""
        events = self._split(self._read())
        self._bound()
        return events

    def finish(self) -> Report:
        """Read to the end, close, remove the file, and return everything that was reported."""
        self._finish_reading()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._path is not None:
            if self._problem is None and is_full(os.path.dirname(self._path)):  # noqa: PTH120 - a thousand a second
                self._say(
                    "The disk that holds the report is full, so what it said last may be missing.",
                    "retryable",
                )
            remove(self._path)
        return self._report()

    def _finish_reading(self) -> None:
        while block := self._read():
            self._split(block)
        if self._partial:
            bad = self._bad_count
            self._split(b"\n")
            if self._bad_count > bad:
                self._say(f"The report breaks off in the middle of line {self._lines}.", "failed")
        if self._lines > LINE_COUNT_LIMIT or self._offset >= FILE_LIMIT:
            self._look_at_the_end()

    def _say(self, problem: str, doubt: str) -> None:
        self._problem = self._problem or problem
        self._doubt = self._doubt or doubt

    def _bound(self) -> None:
        """Cut a file that grows without end, while it grows: it would fill the disk of all the others."""
        if self._fd < 0:
            return
        found = os.fstat(self._fd)
        if found.st_size <= GROWTH_LIMIT or found.st_blocks * 512 <= FILE_LIMIT:
            return
        while block := self._read():
            self._split(block)
        self._say(f"The report is longer than {FILE_LIMIT} bytes; the rest was not read.", "failed")
        cut(Path(self._path or ""), self._fd)

    def _look_at_the_end(self) -> None:
        """Read the last lines of a text beyond the limits: there a phase tells how it ended."""
        if self._fd < 0:
            return
        size = os.fstat(self._fd).st_size
        start = max(0, size - 2 * LINE_LIMIT)
        lines = os.pread(self._fd, size - start, start).split(b"\n")
        for line in lines[1:] if start else lines:
            with contextlib.suppress(BadLineError):
                event = parse_line(self._mask.whole(line))
                if isinstance(event, OutcomeEvent | FailureEvent):
                    self._remember(event)
                    self._doubt = None

    def _report(self) -> Report:
        if not self._lines and self._problem is None:
            return NO_REPORT
        return Report(
            telemetry=tuple(self._telemetry),
            telemetry_count=self._telemetry_count,
            state=self._state,
            states=tuple(self._states),
            failure=self._failure.reason if self._failure else None,
            fingerprint=self._failure.fingerprint if self._failure else (),
            outcome=self._outcome,
            progress=self._progress,
            bad_lines=tuple(self._bad),
            bad_count=self._bad_count,
            problem=self._problem,
            doubt=self._doubt,
        )

    def _read(self) -> bytes:
        if self._problem is not None or (self._fd < 0 and not self._open()):
            return b""
        room = FILE_LIMIT - self._offset
        try:
            if os.fstat(self._fd).st_size < self._offset:
                self._offset, self._partial, self._skipping = 0, b"", False
                room = FILE_LIMIT
            block = os.pread(self._fd, min(_BLOCK, max(room, 1)), self._offset)
        except OSError as error:
            self._say(f"The report could not be read: {error.strerror}.", "failed")
            return b""
        if block and room <= 0:
            self._say(
                f"The report is longer than {FILE_LIMIT} bytes; the rest was not read.", "failed"
            )
            return b""
        self._offset += len(block)
        return block

    def _open(self) -> bool:
        if self._path is None:
            return False
        try:
            fd = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._say(
                f"The report is no regular file that can be opened: {error.strerror}.", "failed"
            )
            return False
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(fd)
            self._say("The report is no regular file with one name, so it was not read.", "failed")
            return False
        self._fd = fd
        return True

    def _split(self, block: bytes) -> list[Event]:
        if not block:
            return []
        lines = (self._partial + block).split(b"\n")
        self._partial = lines.pop()
        events = [event for line in lines if (event := self._take(line)) is not None]
        if len(self._partial) > LINE_LIMIT:
            self._skipping, self._partial = True, b""
        return events

    def _take(self, line: bytes) -> Event | None:
        if self._problem is not None:
            return None
        self._lines += 1
        if self._lines > LINE_COUNT_LIMIT:
            self._say(
                f"The report has more than {LINE_COUNT_LIMIT} lines; the rest was not read.",
                "failed",
            )
            return None
        try:
            event = self._parse(line)
        except BadLineError as error:
            self._count_bad(str(error))
            return None
        if event is not None:
            self._remember(event)
        if isinstance(event, FailureEvent) and event.refused:
            self._count_bad(event.refused)
        return event

    def _parse(self, line: bytes) -> Event | None:
        long = self._skipping or len(line) > LINE_LIMIT
        self._skipping = False
        if long:
            raise BadLineError(f"longer than {LINE_LIMIT} bytes")
        return parse_line(self._mask.whole(line)) if line.strip() else None

    def _count_bad(self, what: str) -> None:
        self._bad_count += 1
        if len(self._bad) < BAD_LINES_KEPT:
            self._bad.append(f"line {self._lines}: {what}")

    def _remember(self, event: Event) -> None:
        match event:
            case TelemetryEvent():
                self._telemetry_count += 1
                if len(self._telemetry) < TELEMETRY_KEPT:
                    self._telemetry.append(event)
            case StateEvent():
                self._state = event.state
                if len(self._states) < STATES_KEPT:
                    self._states.append(event.state)
            case FailureEvent():
                self._failure = event
            case OutcomeEvent():
                self._outcome = event.outcome
            case ProgressEvent():
                self._progress = event


NO_REPORT = Report()


def cut(path: Path, reading: int) -> None:
    """Empty the file that is being read, if the path still names it and nobody put another's there."""
    try:
        writing = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        found = os.fstat(writing)
        own = found.st_uid == path.parent.stat().st_uid and found.st_nlink == 1
        if own and os.path.sameopenfile(writing, reading):
            os.ftruncate(writing, 0)
    except OSError:
        return
    finally:
        os.close(writing)


def remove(path: Path | str) -> None:
    """Remove whatever a phase made of its report."""
    try:
        os.unlink(path)  # noqa: PTH108 - a thousand a second
    except FileNotFoundError:
        return
    except OSError:
        shutil.rmtree(path, ignore_errors=True)


def is_full(folder: str) -> bool:
    """Return whether nothing more can be written beside the report."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    no_inode = found.f_files > 0 and found.f_favail == 0
    return no_inode or found.f_bavail * found.f_frsize < _LEAST_FREE
