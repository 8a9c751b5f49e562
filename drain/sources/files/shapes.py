"""The owner of records, and their translation to our fields: the tool's shape, then --map and --set."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Protocol

from drain.models.vocabulary import PhaseState
from drain.sources.errors import MissingFieldsError, SourceError
from drain.sources.files import airflow, github
from drain.sources.files.delimited import own_name
from drain.sources.files.lines import Reading
from drain.sources.files.mapping import (
    FieldMapping,
    States,
    first_value,
    places,
    read_mapping,
    ready_mappings,
)
from drain.sources.files.records import FIELDS
from drain.sources.files.states import known_state, plain_state

NEEDED = ("run_id", "phase_id", "state")
OWN = "drainsite"
"""The name of records in our own fields."""

_MOST_OFFERED, _LONGEST_OFFERED = 200, 200
"""Columns, and characters of their names, among which a person may choose; others are named by hand."""


class Shape(Protocol):
    """Records of one tool."""

    @property
    def name(self) -> str: ...
    @property
    def reads(self) -> frozenset[str]: ...
    @property
    def states(self) -> States: ...
    @property
    def repeats(self) -> bool: ...
    def recognises(self, names: Set[str], /) -> bool: ...
    def translate(self, record: Mapping[str, Any], /) -> dict[str, Any]: ...


def shapes() -> tuple[Shape, ...]:
    """Return the shapes that are recognised by their fields."""
    return (airflow, github, *ready_mappings())


def known_names() -> frozenset[str]:
    """Return every name by which a header is recognised as one."""
    return FIELDS | {name for shape in shapes() for name in shape.reads}


def find_shape(name: str | None, names: Set[str]) -> Shape | None:
    """Return the shape of that name, else the one of records with these fields; None for our own names."""
    if name:
        return next((shape for shape in shapes() if shape.name == name), None) or read_mapping(name)
    if set(NEEDED) <= {own_name(written) for written in names}:
        return None
    return next((shape for shape in shapes() if shape.recognises(names)), None)


class Translation:
    """From records as they are written to our fields and states."""

    def __init__(self, shape: Shape | None, typed: FieldMapping) -> None:
        self.shape = shape
        self._typed = typed
        self._plain = shape is None and not typed.fields and not typed.defaults
        self._states = {**(shape.states if shape else {}), **typed.states}
        read = {name for rules in typed.fields.values() for rule in rules for name in places(rule)}
        self.reads = FIELDS | read | (shape.reads if shape else frozenset())

    @property
    def name(self) -> str:
        """The name of the records' owner."""
        return self.shape.name if self.shape else OWN

    def fields(self, names: Set[str]) -> tuple[tuple[str, str], ...]:
        """Return (ours, theirs) for records with fields of these names, as far as names alone decide it."""
        made = {ours: name for name in sorted(names) if (ours := self._own(name)) in FIELDS}
        shape = self.shape.fields if isinstance(self.shape, FieldMapping) else {}
        fixed = self.shape.defaults if isinstance(self.shape, FieldMapping) else {}
        for ours, rules in {**shape, **self._typed.fields}.items():
            there = (rule for rule in rules if {n.partition(".")[0] for n in places(rule)} <= names)
            if rule := next(there, None):
                made[ours] = rule
        always = {**{k: v for k, v in fixed.items() if k not in made}, **self._typed.defaults}
        return tuple(sorted({**made, **{k: f"always {v}" for k, v in always.items()}}.items()))

    def _own(self, name: str) -> str:
        return own_name(name) if self.shape is None else name

    def translate(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return our fields of a record."""
        if self.shape is None and "run_id" not in record:
            record = {own_name(str(name)): value for name, value in record.items()}
        if self._plain:
            return record
        made = dict(self.shape.translate(record) if self.shape else record)
        for ours, rules in self._typed.fields.items():
            value = first_value(record, rules)
            made.pop(ours, None)
            if value is not None:
                made[ours] = value
        return {**made, **self._typed.defaults}

    def state(self, written: str) -> PhaseState | None:
        """Return our state; None for one that nobody knows or that a mapping leaves out."""
        plain = plain_state(written)
        return self._states[plain] if plain in self._states else known_state(written)

    def require(self, reading: Reading) -> None:
        """Raise SourceError if a header cannot hold what a phase needs."""
        header = reading.header
        if header is None:
            return
        there = f"it has {', '.join(name[:30] for name in header[:8])}; the delimiter looks like `{reading.delimiter}`"
        for ours, rules in self._typed.fields.items():
            wanted = places(rules[0])
            if missing := [name for name in wanted if name.partition(".")[0] not in header]:
                raise SourceError(
                    f"The header has no {missing[0][:60]} for {ours}: {there}. Nothing was imported."
                )
        given = {*header, *self._typed.fields, *self._typed.defaults}
        missing = [name for name in NEEDED if name not in given]
        if self.shape is None and missing:
            raise MissingFieldsError(
                f"The header has no {' and no '.join(missing)}: {there}. Say which column it is: "
                f"--map {missing[0]}=COLUMN. Nothing was imported.",
                tuple(missing),
                tuple(name for name in header if 0 < len(name) <= _LONGEST_OFFERED)[:_MOST_OFFERED],
            )
