"""A file as phases: recognised, translated, streamed; what was left out or rejected is counted on the way."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import IO, Any

from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError
from drain.sources.files.formats import read_as
from drain.sources.files.lines import Opened, Read, Reject, open_input
from drain.sources.files.mapping import typed_mapping
from drain.sources.files.records import Edge, FileRecord, record_of, state_of
from drain.sources.files.result import REJECTS_KEPT, Options
from drain.sources.files.shapes import Translation, find_shape, known_names
from drain.sources.staging import PhaseIn, RunIn
from drain.sources.values import as_text

_IGNORED_SHOWN = 20
_STATES_KEPT = 50
_EXAMPLES = 5
_MARKS = ("flaky", "retried")


class Recognised:
    """Streams the phases of a file; distinct runs and edges, few beside them, are kept until its end."""

    def __init__(self, stream: IO[bytes], kind: str | None, options: Options) -> None:
        self.options = options
        self.runs: dict[RunIn, RunIn] = {}
        self.edges: list[Edge] = []
        self._ignored: set[str] = set()
        self._states: Counter[tuple[str, str]] = Counter()
        self._known: dict[str, PhaseState | None] = {}
        self._marks: Counter[str] = Counter()
        self._rejected = 0
        self._rejects: list[Reject] = []
        self._examples: list[dict[str, str]] = []
        self._reasons = 0
        self._lines = array("q")
        self._line = 0
        self._left_out = 0
        typed = typed_mapping(options.maps, options.sets)
        try:
            opened = open_input(stream, options.encoding, options.most_unpacked)
            self._recognise(opened, kind, typed)
        except OSError as error:
            raise self._broken_off(error) from error

    def _recognise(self, opened: Opened, kind: str | None, typed: Any) -> None:
        known = known_names() | {name for rules in typed.fields.values() for name in rules}
        self._reading = read_as(opened, kind, known, self.options.delimiter)
        first: list[Read] = []
        if self._reading.header is None:
            first = list(islice(self._reading.records, 1))
        self._records = chain(first, self._reading.records)
        names = frozenset(self._reading.header or self._first_names(first))
        self._translation = Translation(find_shape(self.options.mapping, names), typed)
        self._fields = self._translation.fields(names)
        shape = self._translation.shape
        self.repeats = self._reading.repeats or bool(shape and shape.repeats)
        if self._reading.header:
            self._translation.require(self._reading)

    def _first_names(self, first: list[Read]) -> list[str]:
        return [str(name) for read in first if not isinstance(read, Reject) for name in read[1]]

    def phases(self) -> Iterator[PhaseIn]:
        """Yield the phases in the order of the file. Raises SourceError."""
        until = time.monotonic() + (self.options.most_seconds or float("inf"))
        try:
            for read in self._records:
                if time.monotonic() > until:
                    raise SourceError(self._too_slow())
                found = self._take(read)
                if found is not None:
                    yield found.phase
        except OSError as error:
            raise self._broken_off(error) from error
        if not self._lines:
            raise SourceError(self._nothing())

    def _too_slow(self) -> str:
        return (
            f"Reading the file took more than {self.options.most_seconds:g} s, up to line {self._line:,}. "
            "Nothing was imported: import it in the terminal, or in parts."
        )

    def line_of(self, number: int) -> int:
        """Return the line of the phase with this number, counted from 1."""
        return self._lines[number - 1]

    def reject_repeated(self, run: str, phase: str, number: int, kept: int) -> None:
        """Note that a phase was given before."""
        line, first = self.line_of(number), self.line_of(kept)
        self._note(
            Reject(
                line,
                f"Line {line}: phase {phase} of run {run} is given twice; line {first} is taken.",
            )
        )

    def findings(self) -> dict[str, Any]:
        """Return what an import says of the file itself."""
        states = ((*pair, count) for pair, count in self._states.most_common())
        return {
            "ignored_fields": tuple(sorted(self._ignored)),
            "format": self._reading.format,
            "shape": self._translation.name,
            "fields": self._fields,
            "states": tuple(states),
            "left_out": self._left_out,
            "marks": dict(self._marks),
            "rejected": self._rejected,
            "rejects": tuple(sorted(self._rejects, key=lambda reject: reject.line)),
            "examples": tuple(self._examples) if self.options.dry_run else (),
            "reasons": self._reasons,
            "dry_run": self.options.dry_run,
        }

    def _take(self, read: Read) -> FileRecord | None:
        if isinstance(read, Reject):
            self._line = read.line
            self._note(read)
            return None
        self._line, fields = read
        try:
            found = self._record(fields)
        except SourceError as error:
            self._note(Reject(self._line, f"Line {self._line}: {str(error).rstrip('.')}."))
            return None
        if found is not None:
            self.runs.setdefault(found.run, found.run)
            self.edges.extend(found.edges)
            self._lines.append(self._line)
        return found

    def _record(self, fields: Mapping[str, Any]) -> FileRecord | None:
        made = self._translation.translate(fields)
        if (unread := fields.keys() - self._translation.reads) and len(
            self._ignored
        ) < _IGNORED_SHOWN:
            self._ignored.update(as_text(name)[:60] for name in unread)
        written = state_of(made)
        state = self._state(written)
        if state is None:
            self._left_out += 1
            self._count(written, "")
            return None
        found = record_of(made, state, day_first=self.options.day_first)
        self._count(written, state.value)
        if self._reading.repeats and found.phase.params:
            self._marks.update(mark for mark in _MARKS if found.phase.params.get(mark) is True)
        self._reasons += bool(found.phase.reason)
        if len(self._examples) < _EXAMPLES:
            self._examples.append(_example(found.phase))
        return found

    def _state(self, written: str) -> PhaseState | None:
        if written in self._known:
            return self._known[written]
        found = self._translation.state(written)
        if len(self._known) < _STATES_KEPT:
            self._known[written] = found
        return found

    def _count(self, written: str, state: str) -> None:
        pair = (as_text(written[:40]), state)
        if pair not in self._states and len(self._states) >= _STATES_KEPT:
            pair = ("others", state)
        self._states[pair] += 1

    def _note(self, reject: Reject) -> None:
        if not self.options.lenient:
            raise SourceError(f"{reject.sentence} Nothing was imported.")
        self._rejected += 1
        if len(self._rejects) < REJECTS_KEPT:
            self._rejects.append(reject)

    def _broken_off(self, error: OSError) -> SourceError:
        return SourceError(
            f"The file breaks off after line {self._line}: {error.strerror or error}. Nothing was imported."
        )

    def _nothing(self) -> str:
        if self._rejects:
            return f"The file holds no phase that can be taken. {self._rejects[0].sentence} Nothing was imported."
        if not self._states:
            return "The file holds no phase."
        (state, _), count = self._states.most_common(1)[0]
        return (
            f"No phase is in a state that is known: {count} are {state!r}. Say what it means: "
            f"--map state:{state}=FAILED. Nothing was imported."
        )


def _example(phase: PhaseIn) -> dict[str, str]:
    reason = phase.reason.splitlines()[0][:100] if phase.reason else ""
    return {
        "run_id": phase.run_id,
        "phase_id": phase.phase_id,
        "state": phase.state.value,
        "reason": reason,
    }
