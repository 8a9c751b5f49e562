"""Error fingerprints: one text in, the identity of its failure out. Pure Python, no state.

``fingerprint(text)`` is all that callers need; ``error_region`` cuts a whole log down to the part
that tells of the failure before it is stored.
"""

from __future__ import annotations

from dataclasses import replace

from drain.fingerprints.beside import verdict_beside
from drain.fingerprints.explanation import Explanation, explain
from drain.fingerprints.model import VERSION, Category, Failure, Fingerprint
from drain.fingerprints.naming.compose import compose
from drain.fingerprints.naming.masks import mask
from drain.fingerprints.naming.tokens import PLACEHOLDERS
from drain.fingerprints.readers.clean import to_text
from drain.fingerprints.readers.read import reading_of
from drain.fingerprints.readers.region import REGION_CHARS, RegionFinder, error_region

__all__ = [
    "PLACEHOLDERS",
    "REGION_CHARS",
    "VERSION",
    "Category",
    "Explanation",
    "Failure",
    "Fingerprint",
    "RegionFinder",
    "error_region",
    "explain",
    "fingerprint",
    "mask",
]


def fingerprint(text: str | bytes) -> Fingerprint:
    """The fingerprint of a failure's text; never raises, whatever the text is."""
    reading = reading_of(error_region(to_text(text)))
    made = compose(reading.failure)
    beside = verdict_beside(reading) if made.category == Category.OTHER else None
    return replace(made, category=beside.category.value) if beside else made
