"""The kind of trouble that other lines of a text tell, for a failure whose own words tell none.

It is no part of a key: only the category comes from here.
"""

from __future__ import annotations

from itertools import takewhile

from drain.fingerprints.categories import Verdict, categorise
from drain.fingerprints.model import Category
from drain.fingerprints.naming.masks import mask
from drain.fingerprints.readers.read import Reading, name
from drain.fingerprints.readers.record import Record
from drain.fingerprints.weights import Weight

# So many lines that tell of failure are asked; those further away tell of something else.
_ASKED = 12
_UNTOLD = frozenset({Category.OTHER, Category.UNKNOWN})


def verdict_beside(reading: Reading) -> Verdict | None:
    """Return the verdict of the failure nearest to the chosen line;
    None for a stack, and without a telling one.
    """
    chosen = reading.chosen
    if chosen is None or chosen.failure is not None:
        # A stack tells its own cause: what an application raises itself is of no kind that others name.
        return None

    def distance(record: Record) -> int:
        return abs(record.start - chosen.start)

    for record in sorted(_of_one_trouble(reading.records, chosen), key=distance)[:_ASKED]:
        failure = name(reading.page, reading.records, record)
        verdict = categorise(
            failure.type, mask(failure.message), mask(failure.cause_message), failure.hint
        )
        if verdict.category not in _UNTOLD:
            return verdict._replace(rule=f"beside it: {verdict.rule}", everywhere=False)
    return None


def _of_one_trouble(records: list[Record], chosen: Record) -> list[Record]:
    """The other records that tell of failure and that no work which went on parts from the chosen one."""
    at = next(index for index, record in enumerate(records) if record is chosen)
    around = [
        record
        for side in (records[:at][::-1], records[at + 1 :])
        for record in takewhile(lambda each: each.weight != Weight.ROUTINE, side)
    ]
    return [record for record in around if record.weight >= Weight.WRAPPER]
