"""From a text to the failure it tells of: read the records, choose one, name it."""

from __future__ import annotations

from typing import NamedTuple

from drain.fingerprints.choose import choose
from drain.fingerprints.forms import take_apart
from drain.fingerprints.model import Failure
from drain.fingerprints.naming.template import read_template
from drain.fingerprints.readers.clean import clean
from drain.fingerprints.readers.lines import Page, indent_of, read_page
from drain.fingerprints.readers.pytest_report import read_pytest
from drain.fingerprints.readers.python import read_python
from drain.fingerprints.readers.record import Record
from drain.fingerprints.readers.records import read_records
from drain.fingerprints.readers.reports import unwrap_xml
from drain.fingerprints.signs import is_routine
from drain.fingerprints.weights import Weight
from drain.fingerprints.words import RULE, counts_failures, own_words

_BODY_LINES = 60
# A report of more failing tests than this is known by the first of them.
_TESTS = 12
_LINE_CHARS = 4_000


class Reading(NamedTuple):
    """The steps of a reading: the page, its records, the chosen one and the failure it was named as."""

    page: Page
    records: list[Record]
    chosen: Record | None
    failure: Failure


def read(text: str) -> Failure:
    """The failure that a whole text tells of; an empty one when there is no text."""
    return reading_of(text).failure


_NO_PAGE = Page([], [])


def reading_of(text: str) -> Reading:
    """Read a whole text; no steps where the text is one traceback or a template."""
    text = clean(text)
    quick = _read_quickly(text)
    return Reading(_NO_PAGE, [], None, quick) if quick else read_steps(text)


def _read_quickly(text: str) -> Failure | None:
    """A template, or a text that is one traceback from its first to its last line."""
    failure = read_template(text)
    if failure or not text.startswith("Traceback"):
        return failure
    if "\nTraceback (most recent" in text and "\n\nTraceback (most recent" not in text:
        # Another program's traceback follows; the links of a chain stand between blank lines.
        return None
    end = text.rfind("\n\n", 0, len(text.rstrip()))
    tail = text[text.rfind("\n  ", 0, len(text)) + 1 :].rstrip()
    return read_python(text) if tail.count("\n") <= 1 and end < text.rfind("\n  ") else None


def read_steps(text: str, *, nested: bool = False) -> Reading:
    """Steps of reading a cleaned text; ``nested``: it is a failing test's own text and holds no other."""
    page = read_page(text)
    lines = page.lines if len(text) <= _LINE_CHARS else [line[:_LINE_CHARS] for line in page.lines]
    page = Page([*map(str.rstrip, lines)], page.levels)
    bare = "\n".join(page.lines)
    report = (_read_quickly(bare) if bare != text else None) or (
        None if nested else read_pytest(bare)
    )
    if report:
        return Reading(page, [], None, report)
    records = read_records(page)
    if nested:
        records = [record for record in records if record.header is None]
    chosen = (None if nested else _first_told(records, page)) or choose(records)
    return Reading(page, records, chosen, name(page, records, chosen))


def _first_told(records: list[Record], page: Page) -> Record | None:
    """The first failing test whose own text tells of a failure, else the first with any text."""
    tests = [record for record in records if record.header is not None]
    if not tests:
        return None
    bodies = [(test, _body(page, tests, test)) for test in tests[:_TESTS]]
    for record, body in bodies:
        if body and any(
            found.weight >= Weight.TOLD
            for found in read_steps(unwrap_xml("\n".join(body)), nested=True).records
        ):
            return record
    return next((record for record, body in bodies if body), None)


def name(page: Page, records: list[Record], chosen: Record | None) -> Failure:
    """Type, message, place and chain of the chosen record."""
    if chosen is None:
        return Failure("", "")
    if chosen.header is not None:
        return _name_test(page, records, chosen)
    if chosen.failure is not None:
        return chosen.failure
    return take_apart(page.lines, chosen.start)


def _name_test(page: Page, records: list[Record], test: Record) -> Failure:
    """The first thing that the test's own text tells, at the place of the test."""
    subject = _full_name(records, test)
    body = _body(page, [record for record in records if record.header is not None], test)
    if not body:
        return Failure("", "test failed", subject, test=True)
    told = read_steps(unwrap_xml("\n".join(body)), nested=True).failure
    return Failure(
        told.type,
        told.message or "test failed",
        subject,
        told.cause_type,
        told.cause_message,
        test=True,
    )


def _full_name(records: list[Record], test: Record) -> str:
    """The longest name that the report gives this test: with its module, its suite or its file."""
    subject = test.header.subject if test.header else ""
    names = [record.header.subject for record in records if record.header is not None]
    return max((name for name in names if subject in name), key=len, default=subject)


def _body(page: Page, records: list[Record], test: Record) -> list[str]:
    """The lines of a failing test: those below its header, else those above."""
    lines = page.lines
    below = _telling(lines[test.end : _body_end(page, records, test)])
    if below or test.header is None:
        return below
    top = max(0, test.start - _BODY_LINES)
    # === RUN  TestZone, [ RUN ] CartTest.Total: the first line that names the test opens its text.
    opening = next((at for at in range(top, test.start) if test.header.subject in lines[at]), None)
    return [] if opening is None else _telling(lines[opening + 1 : test.start])


def _body_end(page: Page, records: list[Record], test: Record) -> int:
    """Return the end of the text below a header: the next test, or a line that counts them."""
    lines = page.lines
    last = min(len(lines), test.end + _BODY_LINES)
    for record in records:
        other = (
            record.header is not None
            and test.header is not None
            and not _same(record.header.subject, test.header.subject)
        )
        if test.start < record.start < last and other:
            last = record.start
    margin = indent_of(lines[test.start])
    counts = (
        at
        for at in range(test.end, last)
        if counts_failures(lines[at]) and indent_of(lines[at]) <= margin
    )
    return next(counts, last)


def _same(one: str, other: str) -> bool:
    """Return whether two names are one test's: a report names it with its module and without."""
    return one in other or other in one


def _telling(lines: list[str]) -> list[str]:
    """The lines without rules; empty when none of them has a word of its own."""
    kept = [line for line in lines if not RULE.match(line)]
    if any("<failure" in line or "<error" in line for line in kept):
        return kept
    return (
        kept
        if any(
            own_words(line) and not is_routine(line) and not counts_failures(line) for line in kept
        )
        else []
    )
