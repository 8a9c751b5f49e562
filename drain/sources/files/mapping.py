"""Mappings: which fields of a tool's records are ours, and what its states mean; as JSON files and as --map."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError
from drain.sources.files.records import FIELDS
from drain.sources.files.states import plain_state, target_state

READY = Path(__file__).resolve().parent / "mappings"
_PLACE = re.compile(r"\{([^{}]+)\}")
_KEYS = frozenset({"recognised_by", "fields", "params", "states", "state_when", "defaults"})
_NOTHING: tuple[object, ...] = (None, "", [])
States = dict[str, PhaseState | None]
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Turns a record of a tool into our fields.

    A field is made of the first of its alternatives that the record has: the name of a field of theirs, `a.b`
    inside one, or a text with names in braces.
    """

    name: str = ""
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    params: tuple[str, ...] = ()
    """Fields of theirs that are kept as parameters of the phase."""
    states: States = field(default_factory=dict)
    state_when: tuple[tuple[str, str], ...] = ()
    """(field, state): without a state of its own, a record is in that of the first field it has."""
    defaults: dict[str, Any] = field(default_factory=dict)
    recognised_by: tuple[frozenset[str], ...] = ()
    repeats = False

    def recognises(self, names: Set[str]) -> bool:
        """Return whether a record with fields of these names is one of this tool."""
        return any(wanted <= names for wanted in self.recognised_by)

    @property
    def reads(self) -> frozenset[str]:
        """Names of the fields of theirs that are read."""
        rules = [rule for rules in self.fields.values() for rule in rules]
        named = {name for rule in rules for name in places(rule)}
        return frozenset(named | set(self.params) | {name for name, _ in self.state_when})

    def translate(self, record: Fields) -> dict[str, Any]:
        """Return our fields of a record."""
        made = {ours: value for ours, value in record.items() if ours in FIELDS}
        for ours, rules in self.fields.items():
            made.pop(ours, None)
            value = first_value(record, rules)
            if value is not None:
                made[ours] = _text(value) if ours == "reason" else value
        for name, state in self.state_when:
            if "state" not in made and record.get(name):
                made["state"] = state
        if self.params:
            made["params"] = {
                name: record[name] for name in self.params if record.get(name) is not None
            }
        return made if not self.defaults else {**self.defaults, **made}


def first_value(record: Fields, rules: Iterable[str]) -> Any:
    """Return the first value that a record has for one of these rules, or None."""
    return next((value for rule in rules if (value := _value(record, rule)) not in _NOTHING), None)


def places(rule: str) -> list[str]:
    """Return the names of the fields that a rule reads."""
    return _PLACE.findall(rule) or [rule]


def parse_mapping(found: object, name: str) -> FieldMapping:
    """Return the mapping that a JSON document describes. Raises SourceError."""
    if not isinstance(found, dict) or not set(found) <= _KEYS:
        raise SourceError(
            f"{name} is no mapping; it is a JSON object with {', '.join(sorted(_KEYS))}."
        )
    try:
        fields = {ours: _rules(rules) for ours, rules in found.get("fields", {}).items()}
        _require_ours(fields)
        return FieldMapping(
            name=name,
            fields=fields,
            params=tuple(map(str, found.get("params", ()))),
            states=_states(found.get("states", {}).items()),
            state_when=tuple((str(k), str(v)) for k, v in found.get("state_when", {}).items()),
            defaults=dict(found.get("defaults", {})),
            recognised_by=tuple(frozenset(names) for names in found.get("recognised_by", ())),
        )
    except (AttributeError, TypeError):
        raise SourceError(
            f"{name} is no mapping: see docs/import.md for what stands where."
        ) from None


def read_mapping(name: str) -> FieldMapping:
    """Return a ready mapping by its name, or the one of a file. Raises SourceError."""
    for ready in ready_mappings():
        if ready.name == name:
            return ready
    path = Path(name)
    if not path.is_file():
        known = ", ".join(ready.name for ready in ready_mappings())
        raise SourceError(
            f"There is no mapping {name[:100]!r}; ready are {known}, or name a JSON file."
        )
    return _load(path, name)


@cache
def ready_mappings() -> tuple[FieldMapping, ...]:
    """Return the mappings that come with drainsite."""
    return tuple(_load(path, path.stem) for path in sorted(READY.glob("*.json")))


def typed_mapping(written: Iterable[str], fixed: Iterable[str] = ()) -> FieldMapping:
    """Return what --map (`run_id=dag_run`, `state:upstream_failed=FAILED`) and --set (`run_id=nightly`) say."""
    fields: dict[str, tuple[str, ...]] = {}
    states: list[tuple[str, str]] = []
    for text in written:
        ours, value = _pair(text, "--map")
        if ours.startswith("state:"):
            states.append((ours.removeprefix("state:"), value))
        else:
            fields[ours] = (value,)
    values = dict(_pair(text, "--set") for text in fixed)
    _require_ours(fields)
    _require_ours(values)
    return FieldMapping(fields=fields, states=_states(states), defaults=values)


def _load(path: Path, name: str) -> FieldMapping:
    try:
        return parse_mapping(json.loads(path.read_text(encoding="utf-8")), name)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path} cannot be read as a mapping: {error}.") from error


def _pair(text: str, option: str) -> tuple[str, str]:
    ours, sign, value = text.rpartition("=") if text.startswith("state:") else text.partition("=")
    if not sign or not ours or not value:
        raise SourceError(
            f"{option} {text[:60]!r} is not of the form name=value, like run_id=dag_run."
        )
    return ours.strip(), value.strip()


def _states(pairs: Iterable[tuple[str, str]]) -> States:
    return {plain_state(theirs): target_state(ours) for theirs, ours in pairs}


def _require_ours(names: Iterable[str]) -> None:
    for name in names:
        if name not in FIELDS:
            raise SourceError(
                f"{name[:60]!r} is no field of a phase; there are {', '.join(sorted(FIELDS))}."
            )


def _rules(rules: object) -> tuple[str, ...]:
    return (rules,) if isinstance(rules, str) else tuple(map(str, rules))  # type: ignore[call-overload]


def _value(record: Fields, rule: str) -> Any:
    if "{" not in rule:
        return _lookup(record, rule)
    values = {name: _lookup(record, name) for name in _PLACE.findall(rule)}
    if any(value in _NOTHING for value in values.values()):
        return None
    return _PLACE.sub(lambda found: _text(values[found[1]]), rule)


def _lookup(record: Fields, name: str) -> Any:
    if name in record:
        return record[name]
    head, dot, rest = name.partition(".")
    inner = record.get(head) if dot else None
    return _lookup(inner, rest) if isinstance(inner, dict) else None


def _text(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
