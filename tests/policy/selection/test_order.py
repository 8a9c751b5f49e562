"""Samples first, likely cured causes early, timeouts late, prerequisites before dependents."""

from __future__ import annotations

import pytest

from drain.policy.reasons import SampleVerdict
from drain.policy.selection.order import category_rank
from drain.policy.selection.rows import RunFacts
from tests.policy.backlogs import chosen, phase, plan

IN_ORDER = ["unknown", "import", "deliverable", "patch", "assertion", "timeout"]


def promising(*pks, **more):
    return [RunFacts(pk, f"run-{pk}", verdict=SampleVerdict.PROMISING, **more) for pk in pks]


def test_causes_are_tried_in_the_order_of_their_promise():
    rows = [phase(9 - n, category=name) for n, name in enumerate(IN_ORDER)]
    assert chosen(plan(rows)) == [9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize(
    ("category", "rank"),
    [("", 0), ("collection", 1), ("no_op", 3), ("manifest", 3), ("network", 4), ("anything", 4)],
)
def test_every_category_has_a_rank(category, rank):
    assert category_rank(category) == rank


def test_a_sequential_run_keeps_its_order_whatever_the_causes():
    rows = [phase(1, category="timeout"), phase(2), phase(3, category="import")]
    assert chosen(plan(rows, runs=[RunFacts(1, "r", sequential=True)])) == [1, 2, 3]


def test_runs_with_fewer_failures_come_first_then_index_then_id():
    rows = [phase(1), phase(2), phase(3, run=2, index=9), phase(4, run=2, index=9)]
    rows.append(phase(5, index=1))
    assert chosen(plan(rows, runs=promising(1, 2))) == [3, 4, 1, 5, 2]


def test_each_unsampled_run_shows_one_phase_before_any_shows_two():
    rows = [phase(1), phase(2), phase(3, run=2), phase(4, run=2), phase(5, run=3)]
    assert chosen(plan(rows)) == [5, 1, 3, 2, 4]


def test_a_sample_that_must_wait_for_another_run_gives_up_its_early_place():
    rows = [phase(1), phase(2), phase(3, run=2), phase(4, run=3)]
    found = plan(rows, edges=[(3, 2), (4, 1)])
    assert chosen(found) == [1, 4, 2, 3]
    assert [line.sample for line in found.selected] == [True, True, False, False]


def test_dependents_follow_right_after_their_last_prerequisite():
    rows = [phase(1), phase(2), phase(3, category="timeout"), phase(4, category="patch")]
    found = plan(rows, runs=promising(1), edges=[(1, 3), (2, 3), (1, 4)])
    assert chosen(found) == [4, 3, 1, 2]
