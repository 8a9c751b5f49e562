"""Adding checks: what people claim about a fix, a drain or the fleet, in one line of text."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from drain.evidence.checks.matching import PatternError, require_readable
from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.lifecycle import PERSONS, By, CauseError
from drain.models import AuditEvent, Check, DrainSession, Fingerprint, FixMarker
from drain.models.vocabulary import CheckKind, PhaseState

EVERY_MINUTES = 10
LONGEST_MINUTES, LONGEST_HOURS = 7 * 24 * 60, 31 * 24
LONGEST_PATTERN = 1_000
MOST_GUARDED = 10
"""Causes of one fix that get a check of their own."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A check that somebody wants: of a marker, of a drain, or with neither of the fleet."""

    kind: str
    value: str = ""
    """Key, pattern, percent, events a minute, or state: what the kind asks for."""
    name: str = ""
    marker: FixMarker | None = None
    session: DrainSession | None = None
    every_minutes: int | None = EVERY_MINUTES
    window_hours: int = 24


def add_check(claim: Claim, by: By) -> Check:
    """Write the check, with its line in the audit when a person did it. Raises CauseError."""
    if claim.kind not in CheckKind.values:
        raise CauseError(f"“{claim.kind[:40]}” is no kind of check: choose one of the list.")
    kind = CheckKind(claim.kind)
    every = None if claim.session else claim.every_minutes
    if every is not None and not 1 <= every <= LONGEST_MINUTES:
        raise CauseError(f"A check is judged every 1 to {LONGEST_MINUTES:,} minutes.")
    if not 1 <= claim.window_hours <= LONGEST_HOURS:
        raise CauseError(f"A check looks back 1 to {LONGEST_HOURS} hours.")
    fields, words = _READERS[kind](claim.value.replace("\0", "").strip())
    with transaction.atomic():
        check = Check.objects.create(
            name=(claim.name.strip() or words)[:200], kind=kind, marker=claim.marker,
            session=claim.session, every_minutes=every, window_hours=claim.window_hours,
            created_by=by.actor, **fields,
        )  # fmt: skip
        if by.origin in PERSONS:
            AuditEvent.objects.create(
                at=by.now, actor=by.actor, origin=by.origin, address=by.address, verb="add_check",
                subject="check", subject_pk=str(check.pk), label=check.name, reason=by.reason,
                new={"kind": kind.value, "value": claim.value[:300], "of": _target(claim)} | by.key,
            )  # fmt: skip
    return check


def guard(marker: FixMarker, causes: Collection[Fingerprint], by: By) -> list[Check]:
    """The checks that prove a fix: it works, and none of its causes comes back."""
    claims = [Claim(CheckKind.RATE_NOT_WORSE, name="The fix works", marker=marker)]
    claims += [
        Claim(CheckKind.NO_FINGERPRINT, cause.key, marker=marker)
        for cause in list(causes)[:MOST_GUARDED]
    ]
    return [add_check(claim, by) for claim in claims]


def _target(claim: Claim) -> str:
    if claim.marker is not None:
        return f"marker {claim.marker.pk}"
    return f"session {claim.session.pk}" if claim.session else "fleet"


Read = tuple[dict[str, Any], str]
"""Fields of the check, and the words that name it."""


def _fingerprint(text: str) -> Read:
    key = resolve_keys([text]).get(text, "")
    found = Fingerprint.objects.filter(key=key).first() if key else None
    if found is None:
        raise CauseError(f"There is no fingerprint “{text[:48]}”: copy its key from its page.")
    return {"fingerprint": found}, f"No {found.title}"


def _pattern(text: str) -> Read:
    if not text:
        raise CauseError("A pattern is missing: give the text that no error may contain.")
    if len(text) > LONGEST_PATTERN:
        raise CauseError(
            f"A pattern has at most {LONGEST_PATTERN:,} characters: give the part that matters."
        )
    try:
        require_readable(text)
    except PatternError as error:
        raise CauseError(str(error)) from error
    return {"pattern": text}, f"No failure with “{text[:120]}”"


def _share(text: str) -> Read:
    percent = _number(text.removesuffix("%"), "percent", 100)
    return {"threshold": percent / 100}, f"Completion rate at least {percent:g} %"


def _yield(text: str) -> Read:
    least = _number(text, "events a minute", 1e6)
    return {"threshold": least}, f"Yield at least {least:g} events a minute"


def _state(text: str) -> Read:
    state = text.upper().replace(" ", "_")
    if state not in PhaseState.values:
        raise CauseError(f"“{text[:40]}” is no state: give {', '.join(PhaseState.values)}.")
    return {"state": state}, f"No phase left {PhaseState(state).label.lower()}"


def _number(text: str, unit: str, most: float) -> float:
    try:
        found = float(text.strip())
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise CauseError(f"“{text[:40]}” makes no sense: give {unit} from 0 to {most:,.0f}.")
    return found


def _plain(words: str) -> Callable[[str], Read]:
    return lambda _text: ({}, words)


_READERS: dict[CheckKind, Callable[[str], Read]] = {
    CheckKind.NO_FINGERPRINT: _fingerprint,
    CheckKind.NO_PATTERN: _pattern,
    CheckKind.COMPLETION_RATE: _share,
    CheckKind.RATE_NOT_WORSE: _plain("Completion rate better than before"),
    CheckKind.YIELD: _yield,
    CheckKind.NO_STATE: _state,
    CheckKind.NO_UNKNOWN: _plain("No unknown error"),
    CheckKind.LOGS_KEPT: _plain("No attempt without a log"),
}
