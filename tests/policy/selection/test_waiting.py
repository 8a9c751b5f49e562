"""Declared dependencies hold, transitively, and say through whom."""

from __future__ import annotations

import pytest

from drain.policy.selection.rows import RunFacts, Scope
from drain.policy.stopping.limits import QueuedPolicy
from tests.policy.backlogs import chosen, details, phase, plan, reasons


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("QUEUED", "queued"),
        ("EXECUTING", "working"),
        ("GATE", "working"),
        ("CI_RUNNING", "working"),
    ],
)
def test_what_is_queued_or_working_is_waited_for(state, word):
    found = plan([phase(1, state=state), phase(2)], edges=[(2, 1)])
    assert reasons(found) == {2: "waits_for_queued"}
    assert details(found) == {2: f"waits for p1 ({word})"}


@pytest.mark.parametrize("state", ["COMPLETE", "SKIPPED"])
def test_what_has_ended_well_satisfies_an_edge(state):
    assert chosen(plan([phase(1, state=state), phase(2)], edges=[(2, 1)])) == [2]


def test_an_absent_prerequisite_is_satisfied():
    assert chosen(plan([phase(2)], edges=[(2, 99)])) == [2]


def test_waiting_reaches_through_any_number_of_phases():
    rows = [phase(0, state="QUEUED"), *(phase(n) for n in range(1, 3000))]
    found = plan(rows, edges=[(n, n - 1) for n in range(1, 3000)])
    assert found.counts == {"waits_for_queued": 2999}
    assert details(found)[2999] == "waits for p0 (queued)"


def test_a_failed_prerequisite_in_the_plan_comes_first():
    found = plan([phase(1), phase(2)], edges=[(1, 2)])
    assert chosen(found) == [2, 1]


def test_an_excluded_prerequisite_excludes_what_needs_it():
    rows = [phase(1, session_attempts=2), phase(2), phase(3)]
    found = plan(rows, edges=[(2, 1), (3, 2)])
    waits = "waits_for_dependency"
    assert reasons(found) == {1: "attempts_exhausted", 2: waits, 3: waits}
    assert details(found)[2] == "waits for p1 (failed, not drained: attempts_exhausted)"


def test_a_failed_prerequisite_outside_the_scope_is_named_with_its_run():
    rows = [phase(1, run=2), phase(2)]
    found = plan(rows, edges=[(2, 1)], scope=Scope(run_ids={"run-1"}))
    assert found.total == 1
    assert details(found) == {2: "waits for run-2 / p1 (failed, outside this drain)"}


def test_ignoring_queued_phases_drops_edges_to_them_but_not_to_working_ones():
    rows = [phase(1, state="QUEUED"), phase(2, state="EXECUTING"), phase(3), phase(4)]
    found = plan(rows, edges=[(3, 1), (4, 2)], queued_policy=QueuedPolicy.IGNORE)
    assert chosen(found) == [3]
    assert reasons(found) == {4: "waits_for_queued"}


def test_waiting_behind_a_queue_is_passed_on_and_beats_a_mere_dependency():
    rows = [
        phase(1, state="QUEUED"),
        phase(2),
        phase(3, run=2),
        phase(4, run=2, session_attempts=2),
    ]
    runs = [RunFacts(1, "a", autopack=True), RunFacts(2, "b")]
    found = plan(rows, runs=runs, edges=[(3, 4), (3, 2)])
    assert reasons(found)[3] == "waits_for_queued"
    assert details(found)[3] == "waits for a / p2 (failed, not drained: waits_for_queued)"
