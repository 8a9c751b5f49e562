"""Reads a fingerprint's own template back, so that fingerprinting it gives the same key.

A template is the masked headline, then ``in file.function`` where the place is part of the key,
then ``caused by`` and the root of the chain.
"""

from __future__ import annotations

import re

from drain.fingerprints.model import Failure

PLACE = "in "
CAUSE = "caused by "
_TEMPLATE = re.compile(
    r"(?P<head>[^\n]{1,3000})(?:\nin (?P<place>[^\n ]{1,400}))?(?:\ncaused by (?P<cause>[^\n]{1,3000}))?\n?\Z"
)
# Between its three lines and at its end; most texts have more.
_LINE_FEEDS = 3
_HEADLINE = re.compile(
    r"(panic|CMake Error|[A-Z]{1,8}-?\d{2,6}|[A-Z]\w{0,60}[a-z]\w{0,60}(?: [A-Z]\w{0,60})?)(?:: (.*))?\Z"
)


def read_template(text: str) -> Failure | None:
    """The parts of a template of more than one line; None for any other text."""
    if text.count("\n") > _LINE_FEEDS:
        return None
    if "\n" + PLACE not in text and "\n" + CAUSE not in text:
        return None
    found = _TEMPLATE.match(text)
    if not found:
        return None
    head = _HEADLINE.match(found["head"])
    kind, message = head.groups() if head else ("", found["head"])
    return Failure(kind, message or "", found["place"] or "", "", found["cause"] or "")
