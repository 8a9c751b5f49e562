"""The reading of a source's files, kept with it, so that the next file needs no options."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drain.models import Source
from drain.models.vocabulary import SourceKind
from drain.sources.errors import SourceError
from drain.sources.files.result import Options
from drain.sources.files.shapes import shapes

_NAMES = ("encoding", "delimiter", "mapping", "maps", "sets", "day_first")
_FLAGS = {
    "format": "--format", "encoding": "--encoding", "delimiter": "--delimiter", "mapping": "--mapping",
    "maps": "--map", "sets": "--set", "day_first": "--day-first",
}  # fmt: skip


def with_kept(name: str, kind: str | None, options: Options) -> tuple[str | None, Options]:
    """Return how a file of this source is read: as the options say, or as was kept where they say nothing.

    What was kept is used whole or not at all: half of an old reading with half of a new one is nobody's
    intention.
    """
    if options.remember or kind is not None or given(options):
        return kind, options
    stored = Source.objects.filter(name=name, kind=SourceKind.FILES).values_list(
        "reading", flat=True
    )
    kept: dict[str, Any] = stored.first() or {}
    if not kept:
        return kind, options
    return kept.get("format"), replace(options_of(kept, options), kept=True)


def options_of(reading: dict[str, Any], others: Options | None = None) -> Options:
    """Return what was kept as options; of `others` what says nothing about how records are read."""
    values: dict[str, Any] = {
        key: tuple(reading[key]) if isinstance(reading[key], list) else reading[key]
        for key in _NAMES
        if key in reading
    }
    return replace(others or Options(), **values)


def given(options: Options) -> bool:
    """Return whether the options say anything about the reading of a file."""
    plain = Options()
    return any(getattr(options, name) != getattr(plain, name) for name in _NAMES)


def keep(source: Source, kind: str | None, options: Options) -> None:
    """Keep with the source how its files are read; nothing given forgets it. Raises SourceError."""
    source.reading = reading_of(options) | ({"format": kind} if kind else {})
    source.save(update_fields=["reading"])


def reading_of(options: Options) -> dict[str, Any]:
    """Return what is kept of these options. Raises SourceError."""
    if options.mapping and options.mapping not in {shape.name for shape in shapes()}:
        raise SourceError(
            "A mapping file of this host is not kept with a source, where anybody could have it read: "
            "give what it says with --map. Nothing was imported."
        )
    plain = Options()
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name in _NAMES
        if (value := getattr(options, name)) != getattr(plain, name)
    }


def flags_of(reading: dict[str, Any]) -> str:
    """Return the kept reading as the flags of `import_phases`; "" for none."""
    parts = []
    for name, flag in _FLAGS.items():
        value = reading.get(name)
        if value is True:
            parts.append(flag)
        elif value:
            parts += [f"{flag} {each}" for each in (value if isinstance(value, list) else [value])]
    return " ".join(parts)
