"""The list of runs as a file: every run of a filter with its phases by state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from drain.dashboard.lists.download import chunks
from drain.dashboard.lists.order import Order
from drain.dashboard.runs.list_order import COUNTED, ordered
from drain.dashboard.runs.list_query import RunFilter, filtered_runs, searched
from drain.evidence.rollups.fold import state_counts

_FIELDS = ("pk", "run_id", "name", "source__name", "created_at")
EXPORTED = ("number", "run", "name", "source", "created", *COUNTED)
"""The columns of the file."""


def exported(wanted: RunFilter, order: Order, now: datetime) -> Iterator[Sequence[Any]]:
    """The rows of the file, in the order of the page."""
    found = ordered(filtered_runs(wanted, now).filter(searched(wanted)), order)
    for runs in chunks(found.values_list(*_FIELDS)):
        counts = state_counts([pk for pk, *_ in runs])
        for pk, *rest in runs:
            states = counts.get(pk, {})
            yield pk, *rest, *(_sum(states, names) for names in COUNTED.values())


def _sum(states: dict[str, int], names: Sequence[str]) -> int:
    return sum(states.get(name, 0) for name in names)
