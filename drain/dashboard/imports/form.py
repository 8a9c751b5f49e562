"""The import form: the bytes of a file or of pasted text, and the options of their reading."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from drain.dashboard.http.search_terms import typed
from drain.sources.errors import SourceError
from drain.sources.files.formats import FORMATS
from drain.sources.files.importing import SOURCE_NAME
from drain.sources.files.kept import with_kept
from drain.sources.files.result import REQUEST_SECONDS, REQUEST_UNPACKED, Options
from drain.sources.files.shapes import NEEDED, shapes

MOST_MEGABYTES = 15
"""Of one file: the web server takes requests of 16 MB, and a form is more than its file."""
MOST_PASTED = 500_000
"""Characters: a form's texts may have 2.5 MB together, and a character is up to four bytes."""
_CHUNK = 1024 * 1024
MAP = "map_"
"""Begins the name of the choice of a column for a field."""
CHOSEN = (*NEEDED, "reason")
"""Fields whose column can be chosen where a file has none of that name."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was given, with its name for people and for the audit."""

    name: str
    stream: IO[bytes]
    kind: str | None
    source: str
    options: Options

    def digest(self) -> str:
        """Return what tells whether this is the same file, read the same way, as one seen before."""
        self.stream.seek(0)
        found = sha256(repr((self.kind, self.source, self.options.maps, self.options.sets,
                             self.options.mapping, self.options.day_first, self.options.encoding,
                             self.options.delimiter)).encode())  # fmt: skip
        while part := self.stream.read(_CHUNK):
            found.update(part)
        self.stream.seek(0)
        return found.hexdigest()


def mapping_names() -> list[str]:
    """Return the ready mappings; one of its own is a file of this host, which no request may name."""
    return sorted(shape.name for shape in shapes())


def read_given(request: HttpRequest) -> Given:
    """Return what the form brought. Raises SourceError."""
    values = typed(request.POST)
    upload = request.FILES.get("file")
    name, stream = _bytes(upload if isinstance(upload, UploadedFile) else None, request)
    kind, mapping = values.get("format", ""), values.get("mapping", "")
    if kind and kind not in FORMATS:
        raise SourceError(f"The format must be one of {', '.join(sorted(FORMATS))}.")
    if mapping and mapping not in mapping_names():
        raise SourceError(f"The tool must be one of {', '.join(mapping_names())}.")
    options = Options(
        mapping=mapping or None,
        maps=(*_lines(values.get("maps", "")), *chosen_columns(values)),
        sets=_lines(values.get("sets", "")),
        day_first="day_first" in values,
        remember="remember" in values,
        # The preview names every record that cannot be read: what is imported is what it showed.
        lenient=True,
        most_unpacked=REQUEST_UNPACKED,
        most_seconds=REQUEST_SECONDS,
    )
    source = values.get("source") or SOURCE_NAME
    # Already here: what the preview showed is what is imported,
    # though somebody keeps another reading meanwhile.
    asked, options = with_kept(source, kind or None, options)
    return Given(name, stream, asked, source, options)


def _bytes(upload: UploadedFile[Any] | None, request: HttpRequest) -> tuple[str, IO[bytes]]:
    # Not `typed`: blanks at the beginning of a text are part of it.
    pasted = request.POST.get("text", "")
    if upload is not None and pasted.strip():
        raise SourceError("Give a file or pasted text, not both: empty one of them.")
    if upload is None:
        if not pasted.strip():
            raise SourceError("Nothing to read: choose a file, or paste its text.")
        if len(pasted) > MOST_PASTED:
            raise SourceError(
                f"The text has more than {MOST_PASTED:,} characters: save it as a file and choose that."
            )
        return "pasted text", io.BytesIO(pasted.encode())
    if (upload.size or 0) > MOST_MEGABYTES << 20:
        raise SourceError(
            f"The file has {(upload.size or 0) / 2**20:.1f} MB and a browser may bring {MOST_MEGABYTES} MB: "
            "pack it with gzip, or import it in the terminal."
        )
    if not upload.size:
        raise SourceError("The file is empty.")
    return (upload.name or "file")[:200], upload


def chosen_columns(values: Mapping[str, str]) -> list[str]:
    """Return the choices for fields that a file lacks, as `--map` takes them."""
    return [f"{name}={values[MAP + name]}" for name in CHOSEN if values.get(MAP + name)]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
