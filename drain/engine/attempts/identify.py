"""By which cause attempts failed: what their executors call it, else what their texts say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drain.engine.attempts.started import EndedAttempt
from drain.fingerprints import Fingerprint, fingerprint
from drain.fingerprints.reported import as_reported
from drain.models.fingerprints.reported import too_many
from drain.models.fingerprints.splits import Splits


@dataclass(frozen=True, slots=True)
class AttemptFingerprint:
    """The fingerprint of one failed attempt, and whose it is."""

    print: Fingerprint
    executor: str = ""
    """The executor that reported it as a name of its own; empty where it is ours."""
    parts: tuple[str, ...] = ()
    gave_way: str = ""
    """The executor that reported a name of its own, which was one too many."""


def identify(ends: Sequence[EndedAttempt]) -> list[AttemptFingerprint | None]:
    """The cause of each of these attempts, None where there is no failure to file.

    Call in the transaction that records them.
    """
    if not any(each.result.decision.fingerprint_input for each in ends):
        return [None] * len(ends)
    found = [_identify(each) for each in ends]
    reported: dict[str, list[str]] = defaultdict(list)
    for cause in found:
        if cause is not None and cause.executor:
            reported[cause.executor].append(cause.print.key)
    refused = too_many(reported) if reported else set()
    splits = Splits.held()
    return [
        _filed(each, cause, refused, splits) if cause is not None else None
        for each, cause in zip(ends, found, strict=True)
    ]


def _identify(each: EndedAttempt) -> AttemptFingerprint | None:
    decision = each.result.decision
    if not decision.fingerprint_input:
        return None
    ours = fingerprint(decision.fingerprint_input)
    if not decision.reported:
        return AttemptFingerprint(ours)
    theirs = as_reported(ours, each.result.executor, decision.reported)
    if theirs is ours:
        return AttemptFingerprint(ours)
    return AttemptFingerprint(theirs, each.result.executor, decision.reported)


def _filed(
    each: EndedAttempt, cause: AttemptFingerprint, refused: set[str], splits: Splits
) -> AttemptFingerprint:
    """The cause that counts: ours for one name too many, and of what a person has split the part."""
    text = each.result.decision.fingerprint_input
    if cause.print.key in refused:
        cause = AttemptFingerprint(fingerprint(text), gave_way=cause.executor)
    part = splits.of(cause.print, text)
    return cause if part is cause.print else AttemptFingerprint(part, gave_way=cause.gave_way)
