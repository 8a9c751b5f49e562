"""A report's words on each fix: one sentence, a line for each fingerprint, the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass

from drain.evidence.fixes import sentences
from drain.evidence.fixes.verdict import CauseVerdict, Ruling
from drain.evidence.report.build import Fix, Report
from drain.evidence.report.sentences import stopped_early

LISTED = 8
"""Fingerprints that have a line of their own; all of them have their numbers."""
_WORST_FIRST = (
    Ruling.DOES_NOT_WORK,
    Ruling.PARTLY,
    Ruling.CANNOT_BE_TOLD,
    Ruling.NOT_ENOUGH_DATA,
    Ruling.WORKS,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A fingerprint of the fix: its verdict in words, its title, and a sentence."""

    words: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Validation:
    """The verdict on a fix as it is read: plain text, which each format escapes its own way."""

    name: str
    since: str
    verdict: str
    lines: tuple[Line, ...]
    """At most LISTED, the worst first."""
    unlisted: int
    """Fingerprints without a line."""
    numbers: tuple[Line, ...]
    """Every fingerprint with both sides, their bounds and all that is known of them."""
    notes: tuple[str, ...]
    """Phases that the verdict leaves out, and the limits of a fix that works."""


def validations(report: Report) -> list[Validation]:
    """Return the validations of every fix that concerns the drain, over everything since it went in."""
    return [_validation(fix, report) for fix in report.fixes]


def _validation(fix: Fix, report: Report) -> Validation:
    found = fix.verdict
    causes = sorted(found.causes, key=lambda one: _WORST_FIRST.index(one.ruling))
    left = sentences.left(found.left.failing, found.left.untried).strip()
    return Validation(
        name=f"FM-{fix.marker} {fix.title}",
        since=f"{fix.applied_at:%Y-%m-%d %H:%M} UTC" + (f", {fix.commit}" if fix.commit else ""),
        verdict=sentences.headline(causes, found.ruling),
        lines=tuple(_line(one, sentences.brief(one)) for one in causes[:LISTED]),
        unlisted=max(0, len(causes) - LISTED),
        numbers=tuple(_line(one, sentences.cause(one)) for one in causes),
        notes=tuple(
            note
            for note in (
                sentences.asked_for(found.ruling, found.limits),
                left,
                stopped_early(report),
                fix.kept_at and f"As maintenance found it at {fix.kept_at:%Y-%m-%d %H:%M} UTC.",
            )
            if note
        ),
    )


def _line(one: CauseVerdict, sentence: str) -> Line:
    return Line(sentences.WORDS[one.ruling], one.title, sentence)
