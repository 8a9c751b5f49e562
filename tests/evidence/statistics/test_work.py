"""The work of what completes now, held against what completed before by its events and by its time."""

from __future__ import annotations

import pytest

from drain.evidence.statistics.work import CompletedWork, doubt_of_work

USUAL = [(3, 10, 200.0)]


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        (USUAL, [(3, 40, 800.0)], ""),
        (USUAL, [(1, 40, 800.0)], ""),
        (USUAL, [(0, 40, 800.0)], "events"),
        (USUAL, [(0, 20, 400.0), (3, 20, 400.0)], "events"),
        (USUAL, [(0, 19, 400.0), (3, 21, 400.0)], ""),
        # A quarter of the usual, and just less.
        ([(9, 10, 200.0)], [(2, 40, 800.0)], "events"),
        ([(8, 10, 200.0)], [(2, 40, 800.0)], ""),
        # One burst is not what is usual.
        ([(3, 9, 180.0), (9000, 1, 20.0)], [(3, 40, 800.0)], ""),
        # Nothing is known: too few before, half of them without an event, none now.
        ([(3, 4, 80.0)], [(0, 40, 800.0)], ""),
        ([(3, 5, 100.0), (0, 5, 100.0)], [(0, 40, 800.0)], ""),
        (USUAL, [], ""),
        # Work that never brought an event, at once.
        ([(0, 10, 200.0)], [(0, 40, 79.0)], "mean"),
        ([(0, 10, 200.0)], [(0, 40, 80.0)], ""),
        ([(0, 10, 9.9)], [(0, 40, 0.1)], ""),
        ([(0, 10, 10.0)], [(0, 40, 0.1)], "mean"),
        ([(0, 5, 100.0)], [(0, 1, 0.1)], "mean"),
    ],
)
def test_what_completes_with_much_less_than_was_usual_may_not_have_been_done(before, after, doubt):
    found = doubt_of_work(CompletedWork.of(before), CompletedWork.of(after))
    assert found.startswith("the work may not have been done") is bool(doubt)
    assert doubt in found
