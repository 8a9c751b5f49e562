"""Helpers of the tests of the evidence pages."""

from __future__ import annotations

import re

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    FingerprintFactory,
    PhaseFactory,
    tried_again,
)

BY = By("ada", Origin.COMMAND, NOON)


def text_of(page: str) -> str:
    """Return the text that a reader sees: no markup, one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def fixed(title="imports mended", key="import"):
    """A fix of one cause: six of six phases with it complete afterwards, none of four with another one."""
    for name in (key, "disk"):
        FingerprintFactory(key=name, title=f"Error {name}", status="ongoing")
    marker = add_marker(title, BY, at=NOON, keys=[key], commit="4c1f9be2")
    for index in range(10):
        done = index < 6
        tried_again(PhaseFactory(), key if done else "disk", done=done, telemetry_count=2)
    return marker
