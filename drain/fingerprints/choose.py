"""Chooses the record that tells what ended a phase.

The principles, for a tool that nobody has seen:

* A failing test or a compiler's error is final; the first one counts.
* Of all else the last trouble counts: what work went on after was survived.
* Within that trouble the heaviest record counts (``Weight``) and of equals the first, because what
  follows an error is mostly its consequence.
* What only says that something else failed counts when nothing else is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drain.fingerprints.readers.record import Record
from drain.fingerprints.signs import is_aftermath
from drain.fingerprints.weights import Weight


def choose(records: list[Record]) -> Record | None:
    """The record that tells what happened; None when there are no records."""
    if len(records) < 2:
        return records[0] if records else None
    test = next((record for record in records if record.header), None)
    if test:
        return test
    if any(record.final for record in records):
        return _with_rule(_first_of_last_build(records), "the first error of the last build")
    for tells in (_tells_much, _tells):
        run = _last_told(_troubles(records), tells)
        if run:
            return _heaviest(run, "the last trouble")
    runs = [*_troubles(records)][::-1]
    if runs:
        return _after_what_was_survived(records, runs)
    return _says_most(records)


def _says_most(records: list[Record]) -> Record:
    """Return the line with most words of its own of those without a sign of failure; the last of equals."""
    heaviest = max(record.weight for record in records)
    equals = [record for record in reversed(records) if record.weight == heaviest]
    return _with_rule(
        max(equals, key=lambda record: record.own), "says most, nothing tells of a failure"
    )


def _after_what_was_survived(records: list[Record], runs: list[list[Record]]) -> Record:
    """Among mentions and wrappers: what was mentioned before work went on is not how it ended."""
    last = runs[-1]
    mentioned = [run for run in runs if any(record.weight == Weight.MENTION for record in run)]
    if not mentioned:
        return _before_wrapper(records, _heaviest(records, "nothing tells more"))
    ends_plainly = (
        records[-1].weight == Weight.PLAIN
        and records[-1].own > 2
        and records[-1].start > last[-1].end
    )
    if ends_plainly and any(
        record.weight == Weight.ROUTINE and record.start >= last[-1].end for record in records
    ):
        return _with_rule(records[-1], "what ends the text after a failure was survived")
    if last is not mentioned[-1] and any(record.own for record in last):
        return _heaviest(last, "the last trouble, after a failure was survived")
    return _heaviest(mentioned[-1], "nothing but mentions of failure")


def _before_wrapper(records: list[Record], best: Record) -> Record:
    """The line right before a wrapper that nothing else explains: what was said last before the end."""
    if best.weight != Weight.WRAPPER or best.failure is not None or best.own:
        return best
    at = records.index(best)
    before = records[at - 1] if at else best
    if before.weight == Weight.PLAIN and before.end == best.start:
        return _with_rule(before, "the last words before a wrapper")
    return best


def _first_of_last_build(records: list[Record]) -> Record:
    """The first compiler's error that only a few routine lines part from the last one."""
    first: Record | None = None
    routine = 0
    for record in records:
        if record.final:
            first = record if first is None or routine > _NEW_BUILD else first
            routine = 0
        elif record.routine:
            routine += 1
    assert first is not None  # noqa: S101 - the caller has one
    return first


# So many lines of routine between two errors are another build; fewer are its other processes.
_NEW_BUILD = 8


def _tells_much(record: Record) -> bool:
    """Return whether a record ends a phase by itself and has more than one word of its own to say so."""
    return _tells(record) and (
        record.weight > Weight.TOLD or record.failure is not None or record.own > 1
    )


def _tells(record: Record) -> bool:
    """Return whether a record ends a phase by itself; a stack does even when its message points elsewhere."""
    return record.weight >= Weight.TOLD or (
        record.weight == Weight.WRAPPER and record.failure is not None
    )


def _last_told(
    runs: Iterator[list[Record]], tells: Callable[[Record], bool]
) -> list[Record] | None:
    """The last trouble that tells; if it only says that something else failed, the last error before it."""
    told = (run for run in runs if any(tells(record) for record in run))
    last = next(told, None)
    if last is None or any(record.weight > Weight.WRAPPER for record in last):
        return last
    named = (run for run in told if any(record.weight >= Weight.NAMED for record in run))
    return next(named, last)


def _troubles(records: list[Record]) -> Iterator[list[Record]]:
    """Runs of records from wrappers on that no routine work parts, the last one first.

    Whoever asks for the last one alone has nothing weighed that came before it.
    """
    run: list[Record] = []
    for record in reversed(records):
        if record.routine:
            if run:
                yield run[::-1]
            run = []
        elif record.weight >= Weight.WRAPPER:
            run.append(record)
    if run:
        yield run[::-1]


def _heaviest(records: list[Record], rule: str) -> Record:
    best = max(records, key=_weight)
    if best.weight <= Weight.WRAPPER or is_aftermath(best.text):
        best = max(records, key=_weight_beside)
    return _with_rule(best, rule)


def _weight(record: Record) -> Weight:
    return record.weight


def _weight_beside(record: Record) -> Weight:
    """The weight of a record among others: what fails while clearing up is no cause beside anything else."""
    return Weight.WRAPPER if record.text and is_aftermath(record.text) else record.weight


def _with_rule(record: Record, rule: str) -> Record:
    record.chosen_by += (rule,)
    return record
