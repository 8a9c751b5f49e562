"""Which reader understands a text: the most specific first, ranked plain lines last."""

from __future__ import annotations

from drain.fingerprints.clean import clean
from drain.fingerprints.generic import read_lines
from drain.fingerprints.model import Failure
from drain.fingerprints.python import read_python


def read(text: str) -> Failure:
    """The failure that a whole text tells of; an empty one when there is no text."""
    text = clean(text)
    return read_python(text) or read_lines(text)
