"""A job's log as far as it was read: kept like a child's output, its report lines counted like a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drain.engine.process.output.events import (
    BadLineError,
    Event,
    Report,
    StateEvent,
    parse_line,
)
from drain.engine.process.output.log import LogSink, LogSummary
from drain.engine.process.output.report import LINE_LIMIT, ReportReader
from drain.policy.secrets import Mask

MARK = b"DRAIN_REPORT "
"""A line that begins with it has a line of a report behind it."""
LOG_LIMIT = 16 * 1024 * 1024
"""Bytes of a job's log that are read."""


class Transcript:
    """The part of one job's log that was read. Used by one thread at a time."""

    def __init__(self, folder: Path, name: str, mask: Mask, known_states: int) -> None:
        """`known_states`: changes of state that another worker has read and written before."""
        self.read = 0
        """Bytes that were read."""
        self._mask = mask
        self._log = LogSink(folder, name, mask)
        self._path = folder / f"{name}.report.jsonl"
        self._report = ReportReader(self._path, mask)
        self._line = b""
        self._known_states = known_states
        self._state = "executing"
        self._reports = self._closed = False
        self._unwritten = ""

    @property
    def is_full(self) -> bool:
        """True if no more of the log is read."""
        return self._closed or self.read >= LOG_LIMIT

    def close(self) -> None:
        """The service hands out no more, though there is more."""
        self._closed = True

    @property
    def total_bytes(self) -> int:
        """Bytes that are kept or counted so far."""
        return self._log.total

    def feed(self, data: bytes) -> None:
        """Take some more of the log."""
        data = data[: LOG_LIMIT - self.read]
        self.read += len(data)
        self._log.feed(data)
        lines = (self._line + data).split(b"\n")
        # Of a line that is too long only the beginning counts, and that it is too long.
        self._line = lines.pop()[: LINE_LIMIT + len(MARK) + 1]
        self._take(lines)

    def tail_lines(self, count: int) -> list[str]:
        """Return the last lines, safe to store and to show."""
        return self._log.tail_lines(count)

    def events(self) -> tuple[Event, ...]:
        """Return what was reported since the last call."""
        return tuple(self._report.poll()) if self._reports else ()

    def finish(self, problem: str = "") -> tuple[LogSummary, Report]:
        """Close it. `problem`: why the log, or its end, could not be read;
        then what it may have said is in doubt.
        """
        self._take([self._line])
        problem = problem or self._unwritten
        report = self._report.finish()
        if self.is_full:
            self._say(f"the log is longer than {self.read} bytes; the rest was not read")
        if problem:
            self._say(problem)
        if problem or (self.is_full and self._reports):
            said = f"Not all of its log could be read: {problem or 'it is too long'}."
            report = replace(report, problem=said, doubt=report.doubt or "retryable")
        return self._log.finish(), report

    def drop(self) -> None:
        """Keep nothing of it: another worker reads it anew."""
        self._report.finish()
        path = self._log.finish().path
        if path is not None:
            path.unlink(missing_ok=True)

    def _say(self, sentence: str) -> None:
        self._log.feed(f"\n[drainsite: {sentence}]\n".encode())

    def _take(self, lines: list[bytes]) -> None:
        found = [line[len(MARK) :].rstrip(b"\r") for line in lines if line.startswith(MARK)]
        fresh = [line for line in found if not self._is_known(line)]
        if fresh:
            self._reports = True
            try:
                with self._path.open("ab") as file:
                    file.writelines(line + b"\n" for line in fresh)
            except OSError as error:
                self._unwritten = f"what it reported could not be kept here ({error.strerror})"

    def _is_known(self, line: bytes) -> bool:
        """Return whether it reports a state that is in the history since another worker read this log."""
        if not self._known_states:
            return False
        try:
            event = parse_line(line)
        except BadLineError:
            return False
        if not isinstance(event, StateEvent):
            return False
        if event.state != self._state:
            self._state = event.state
            self._known_states -= 1
        return True
