"""What tests of the evidence pages have in common."""

from __future__ import annotations

import re
from datetime import timedelta

from drain.evidence.lifecycle import By
from drain.evidence.markers import add_marker
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
)

HOUR = timedelta(hours=1)
BY = By("ada", Origin.COMMAND, NOON)


def text_of(page: str) -> str:
    """What a reader sees: no markup, one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def fixed(title="imports mended", key="import"):
    """A fix of one cause: six of six phases with it complete afterwards, none of four with another one."""
    for name in (key, "disk"):
        FingerprintFactory(key=name, title=f"Error {name}", status="ongoing")
    marker = add_marker(title, BY, at=NOON, keys=[key], commit="4c1f9be2")
    for index in range(10):
        phase, cause = PhaseFactory(), key if index < 6 else "disk"
        AttemptFactory(phase=phase, fingerprint=cause, started_at=NOON - HOUR)
        done = index < 6
        AttemptFactory(
            phase=phase,
            outcome="complete" if done else "failed",
            fingerprint="" if done else cause,
            started_at=NOON + HOUR,
            telemetry_count=2,
        )
    return marker
