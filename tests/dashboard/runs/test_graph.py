"""The dependency graph reads from left to right."""

from __future__ import annotations

import pytest

from drain.dashboard.runs.graph import Node, lay_out
from drain.policy.selection.graph import CycleError

DONE = ("COMPLETE", "SKIPPED")


def drawn(edges, states=None):
    keys = sorted({end for edge in edges for end in edge})
    nodes = [Node(key, f"research-{key}", (states or {}).get(key, "COMPLETE")) for key in keys]
    return lay_out(nodes, edges, DONE)


def test_everything_stands_right_of_what_it_waits_for():
    edges = [(2, 1), (3, 1), (4, 2), (4, 3), (5, 4), (5, 1)]
    places = {box.node.key: box.x for box in drawn(edges).boxes}
    assert all(places[phase] > places[need] for phase, need in edges)


def test_boxes_never_overlap():
    edges = [(b, a) for a in range(5) for b in range(5, 12)]
    places = [(box.x, box.y) for box in drawn(edges).boxes]
    assert len(set(places)) == len(places) == 12


def test_an_edge_is_met_once_the_phase_before_it_is_over():
    layout = drawn([(2, 1), (4, 3)], {1: "COMPLETE", 3: "FAILED"})
    assert [edge.met for edge in layout.edges] == [True, False]


def test_straight_lines_stay_uncrossed():
    boxes = {box.node.key: box.y for box in drawn([(11, 1), (12, 2), (13, 3)]).boxes}
    assert [boxes[1] < boxes[2] < boxes[3], boxes[11] < boxes[12] < boxes[13]] == [True, True]


def test_words_that_all_share_are_left_out_of_the_boxes():
    assert {box.text for box in drawn([(2, 1)]).boxes} == {"1", "2"}


def test_edges_to_phases_that_are_not_drawn_are_left_out():
    assert lay_out([Node(1, "a", "FAILED")], [(1, 99)], DONE).boxes == []


def test_a_circle_is_an_error_with_its_name():
    with pytest.raises(CycleError):
        drawn([(1, 2), (2, 1)])
