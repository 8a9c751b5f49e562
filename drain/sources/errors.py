"""What goes wrong with a source: each error is one sentence for people, with the way out."""

from __future__ import annotations


class SourceError(ValueError):
    """A source that cannot be read or written; nothing was changed."""
