"""Circles are refused by name; long chains are no problem."""

from __future__ import annotations

import pytest

from drain.policy.selection.graph import CycleError, check_acyclic, dependency_order, needs_by_phase


def test_prerequisites_come_first_and_each_phase_once():
    edges = [(4, 2), (4, 3), (2, 1), (3, 1), (3, 1)]
    assert dependency_order(needs_by_phase(edges)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([(1, 2), (2, 3), (3, 1)], "build → test → 3 → build"),
        ([(1, 1)], "build → build"),
        ([(9, 1), (1, 2), (2, 1)], "build → test → build"),
    ],
)
def test_a_circle_is_named(edges, words):
    with pytest.raises(CycleError, match=words):
        check_acyclic(edges, {1: "build", 2: "test"})


def test_a_chain_longer_than_the_recursion_limit_is_fine():
    check_acyclic(((n + 1, n) for n in range(50_000)), {})
