"""The number of runs in a list: as far as it matters, since counting on costs more than the page."""

from __future__ import annotations

from datetime import datetime

from drain.dashboard.http.search_terms import word_query
from drain.dashboard.runs.list_query import SAYS, RunFilter, filtered_runs, runs_of, searched

FEW = 5_000
"""Failed phases by whose runs it is known that a common word is in more of them than an act takes."""
_SAYS_SOMEWHERE = f"{SAYS} LIMIT %s"


def how_many(wanted: RunFilter, now: datetime, most: int) -> int:
    """Return how many runs the filter leaves; it counts no further than `most`."""
    found = filtered_runs(wanted, now).order_by()
    # All phases that hold a common word take long to read; beyond `most` their number is nobody's question.
    if said := word_query(wanted.q):
        some = found.filter(pk__in=runs_of(_SAYS_SOMEWHERE, [said, FEW]))[:most].count()
        if some >= most:
            return most
    return found.filter(searched(wanted))[:most].count()
