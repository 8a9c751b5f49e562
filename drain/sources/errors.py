"""Errors of sources: each is one sentence for people, with the way out."""

from __future__ import annotations


class SourceError(ValueError):
    """A source that cannot be read or written; nothing was changed.

    Its sentence can be printed, sent and stored, whatever words of the source are in it.
    """

    def __init__(self, said: str = "") -> None:
        super().__init__(_whole(said))


class MissingFieldsError(SourceError):
    """A file without what every phase needs: `missing` are our names, `columns` those that it has."""

    def __init__(self, said: str, missing: tuple[str, ...], columns: tuple[str, ...]) -> None:
        super().__init__(said)
        self.missing, self.columns = missing, tuple(map(_whole, columns))


class RowError(SourceError):
    """One row that its source does not take; it may take others."""


def _whole(text: str) -> str:
    """The text with a question mark for each half of a character, which no encoding has."""
    return text.encode("utf-8", "replace").decode()
