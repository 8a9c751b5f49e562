"""Output of a phase: any bytes, any amount, at flat memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LogSummary:
    """A finished log. Exactly one of `stored` and `path` is set."""

    total_bytes: int
    """Bytes printed, kept or not."""
    stored: bytes | None
    """zlib-compressed output of at most STORED_LIMIT bytes, for the attempt's row; b"" when nothing was printed."""
    path: Path | None
    """File with a larger log (uncompressed, bounded) in the worker's folder."""
    head: str
    """First part of the output, safe text; empty if `tail` holds everything."""
    tail: str
    """Last part of the output, safe text."""
    error_input: str
    """Text in which the fingerprint looks for the error region, bounded."""
