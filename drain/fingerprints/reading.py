"""Which reader understands a text: the most specific first, ranked plain lines last."""

from __future__ import annotations

from drain.fingerprints.clean import clean
from drain.fingerprints.model import Failure
from drain.fingerprints.panics import read_panic
from drain.fingerprints.plain import read_lines
from drain.fingerprints.pytest_report import read_pytest
from drain.fingerprints.python import read_bare, read_python
from drain.fingerprints.stacks import read_stack
from drain.fingerprints.template import read_template

_READERS = (read_template, read_pytest, read_python, read_panic, read_stack, read_bare)


def read(text: str) -> Failure:
    """The failure that a whole text tells of; an empty one when there is no text."""
    text = clean(text)
    if text.startswith("Traceback"):
        # The commonest case by far; no other reader would claim it.
        failure = read_python(text)
        if failure is not None:
            return failure
    for reader in _READERS:
        failure = reader(text)
        if failure is not None:
            return failure
    return read_lines(text)
