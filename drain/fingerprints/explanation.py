"""The explanation of a fingerprint: the records read, the one chosen, and the rules that decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drain.fingerprints.beside import verdict_beside
from drain.fingerprints.categories import Verdict, categorise
from drain.fingerprints.model import Category, Failure, Fingerprint
from drain.fingerprints.naming.compose import compose, safe
from drain.fingerprints.naming.masks import mask
from drain.fingerprints.readers.clean import clean, to_text
from drain.fingerprints.readers.read import read_steps, reading_of
from drain.fingerprints.readers.region import error_region
from drain.fingerprints.weights import Weight

# As many records as a person reads; the chosen one is always among them.
_RECORDS = 40
_LINE_CHARS = 160


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """A part of the text: its first line (counted in the region from 1), weight, rules and words."""

    line: int
    weight: str
    rules: tuple[str, ...]
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of a fingerprint: read, chosen, named, and of which kind of trouble."""

    records: tuple[ExplainedRecord, ...]
    failure: Failure
    verdict: Verdict
    fingerprint: Fingerprint


def explain(text: str | bytes) -> Explanation:
    """The steps by which ``fingerprint(text)`` comes about; the fingerprint is the very same."""
    region = error_region(to_text(text))
    reading = read_steps(clean(region))
    # Where a text is read at once its steps are shown, but decide nothing.
    whole = reading_of(region)
    failure = whole.failure
    heavy = [
        record
        for record in reading.records
        if record.weight >= Weight.WARNING or record is reading.chosen
    ]
    kept = heavy[-_RECORDS:]
    if reading.chosen is not None and reading.chosen not in kept:
        kept = [reading.chosen, *kept[1:]]
    records = tuple(
        ExplainedRecord(
            record.start + 1,
            record.weight.name.lower(),
            tuple(dict.fromkeys(record.rules)),
            safe(reading.page.lines[record.start].strip()[:_LINE_CHARS]),
            record is reading.chosen,
        )
        for record in kept
    )
    verdict = categorise(
        failure.type,
        mask(failure.message),
        mask(failure.cause_message),
        failure.hint,
        test=failure.test,
        beneath=mask(failure.beneath),
    )
    made = compose(failure)
    beside = verdict_beside(whole) if verdict.category == Category.OTHER else None
    if beside:
        verdict, made = beside, replace(made, category=beside.category.value)
    return Explanation(records, failure, verdict, made)
