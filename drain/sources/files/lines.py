"""A file as it was given: unpacked, its encoding known, read line by line at flat memory."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from drain.sources.errors import SourceError

LINE_LIMIT = 4 * 1024 * 1024
TOO_LONG = f"is longer than {LINE_LIMIT // 1024 // 1024} MiB"
_HEAD = 64 * 1024
_GZIP = b"\x1f\x8b"
_NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive; save it as CSV",
    b"SQLite format 3\0": "a SQLite database; export the table as CSV",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ\0": "packed with xz; unpack it, or pack it with gzip",
    b"PAR1": "a Parquet file; export it as CSV",
}
_BYTES = re.compile("[\udc80-\udcff]")
"""The characters that `surrogateescape` makes of bytes that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be taken: where, and why in one sentence."""

    line: int
    sentence: str


Read = tuple[int, Mapping[str, Any]] | Reject
"""The yield of a reader:
the number of the line where a record begins and its fields, or the reason for rejecting it.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is being read, and what it was recognised as."""

    format: str
    records: Iterator[Read]
    header: tuple[str, ...] | None = None
    """Names of the columns, where the file says them once."""
    delimiter: str = ""
    repeats: bool = False
    """The same phase again is a retry that replaces what was before, not a mistake."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An unpacked file, at its beginning."""

    stream: io.BufferedReader
    head: bytes
    encoding: str
    packed: bool

    def text(self, *, json: bool = False) -> io.TextIOWrapper:
        """Return the file as text. JSON is UTF-8 or UTF-16, whatever its first bytes look like."""
        encoding = "utf-8-sig" if json and self.encoding == "cp1252" else self.encoding
        errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
        newline = "\n" if json else ""
        return io.TextIOWrapper(self.stream, encoding, errors=errors, newline=newline)

    @property
    def beginning(self) -> str:
        """The first characters, for a look."""
        return self.head.decode(self.encoding, "replace").lstrip("\ufeff")

    def described(self, kind: str) -> str:
        """Return `CSV, cp1252, gzip`: what this file is."""
        encoding = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8"}.get(
            self.encoding, self.encoding.upper()
        )
        return ", ".join([kind, encoding, *(["gzip"] if self.packed else [])])


def open_input(
    stream: IO[bytes], encoding: str | None = None, most_unpacked: int | None = None
) -> Opened:
    """Look at the beginning of `stream`. Raises SourceError for what holds no text.

    A packed file of more than `most_unpacked` bytes is refused before any of it is read as text.
    """
    head = _fill(stream)
    packed = head.startswith(_GZIP)
    plain = _replay(head, stream)
    if packed:
        unpacked: Readable = gzip.GzipFile(fileobj=plain)
        if most_unpacked is not None:
            unpacked = _unpacked(unpacked, most_unpacked)
        head = _fill(unpacked)
        plain = _replay(head, unpacked)
    for magic, what in _NO_TEXT.items():
        if head.startswith(magic):
            raise SourceError(f"The file is {what}.")
    return Opened(plain, head, _known(encoding) if encoding else _encoding(head), packed)


class Lines:
    """Lines of a text. One that cannot be read raises LineError; the next call goes on after it."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_LIMIT + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LINE_LIMIT:
            while line and not line.endswith("\n"):
                line = self._text.readline(LINE_LIMIT)
            raise LineError(f"Line {self.number} {TOO_LONG}.")
        if not line.isascii() and _BYTES.search(line):
            raise LineError(
                f"Line {self.number} is not UTF-8; if it is Windows text, say --encoding cp1252."
            )
        return line


class Readable(Protocol):
    """Bytes that come when asked for."""

    def read(self, size: int, /) -> bytes: ...


def _unpacked(rest: Readable, most: int) -> Readable:
    """Unpack all of it, in memory:
    a small packed file can hold a thousand times as much, and take minutes to read.
    """
    whole = io.BytesIO()
    while part := _read(rest, _HEAD):
        if whole.tell() + len(part) > most:
            raise SourceError(
                f"Unpacked the file has more than {most >> 20} MB: import it in the terminal, or in parts."
            )
        whole.write(part)
    whole.seek(0)
    return whole


class LineError(SourceError):
    """A line that cannot be read, while the ones after it can."""


class _Replayed(io.RawIOBase):
    """The bytes that were looked at, then the rest of the file."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            size = min(len(buffer), len(self._head))
            buffer[:size] = self._head[:size]
            self._head = self._head[size:]
            return size
        found = _read(self._rest, len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _replay(head: bytes, rest: Readable) -> io.BufferedReader:
    return io.BufferedReader(_Replayed(head, rest), _HEAD)


def _fill(stream: Readable) -> bytes:
    """Read the first bytes. A pipe gives them in pieces, and what is recognised must not depend on those."""
    head = b""
    while len(head) < _HEAD and (more := _read(stream, _HEAD - len(head))):
        head += more
    return head


def _read(stream: Readable, size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error) as error:
        raise OSError(f"the gzip data is damaged or cut off ({error})") from error


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise SourceError(
            f"{encoding[:40]!r} is no encoding; write utf-8, utf-16 or cp1252."
        ) from None


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head[:200]
    if b"\0" in start:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if max(even, odd) > len(start) // 4:
            return "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
