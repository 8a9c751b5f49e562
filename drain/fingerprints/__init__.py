"""Error fingerprints: one text in, the identity of its failure out. Pure Python, no state.

``fingerprint(text)`` is all that callers need; ``error_region`` cuts a whole log down to the part
that tells of the failure before it is stored.
"""

from __future__ import annotations

from drain.fingerprints.clean import to_text
from drain.fingerprints.compose import compose
from drain.fingerprints.masks import mask
from drain.fingerprints.model import VERSION, Category, Failure, Fingerprint
from drain.fingerprints.reading import read
from drain.fingerprints.tokens import PLACEHOLDERS

__all__ = [
    "PLACEHOLDERS",
    "VERSION",
    "Category",
    "Failure",
    "Fingerprint",
    "error_region",
    "fingerprint",
    "mask",
]


def error_region(text: str | bytes, limit: int = 32_000) -> str:
    """The part of a log that tells of its failure, at most ``limit`` characters."""
    return to_text(text)[-limit:]


def fingerprint(text: str | bytes) -> Fingerprint:
    """The fingerprint of a failure's text; never raises, whatever the text is."""
    return compose(read(to_text(text)))
