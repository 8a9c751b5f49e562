"""Rows of tables that Python draws in one go: whatever stands in them is inert."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import QueryDict
from drain.dashboard.overview.causes import CauseRow
from drain.dashboard.run_markup import dependency_drawing, phase_rows, run_rows

from drain.dashboard.cause_markup import matrix_rows
from drain.dashboard.frame.frame import NavItem
from drain.dashboard.frame_markup import nav_links, tab_links, zone_choices
from drain.dashboard.markup import options, part
from drain.dashboard.queued_markup import QueuedRows, blocker_rows
from drain.dashboard.runs.detail_query import PhaseLine, RunPhase, RunTable
from drain.dashboard.runs.graph import Node, lay_out
from drain.dashboard.runs.list_query import ListedRun, RunRow
from drain.dashboard.runs.timeline import Period
from drain.dashboard.ui.svg import LaneMark
from drain.engine.queue.blockers import QueuedPhase

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>\'&'


def inert(html: str) -> bool:
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script" not in html and 'alert("' not in html and "&lt;script&gt;" in html


def test_a_row_of_the_list_of_runs_shows_names_sources_and_errors_as_text():
    run = ListedRun(7, EVIL, f"name {EVIL}", EVIL, NOON)
    match = {"pk": 3, "phase_id": EVIL, "error": f"first\n{EVIL}"}
    found = RunRow(run, {"FAILED": 2}, match)
    assert inert(run_rows([found, RunRow(run, {EVIL: 1}, None)]))
    unnamed = run_rows([RunRow(ListedRun(8, "a", "a", None, NOON), {}, None)])
    assert 't-hide soft">–</td>' in unnamed
    assert "t-sub" not in unnamed


def test_a_row_of_a_run_s_phases_shows_names_errors_and_attempts_as_text():
    phase = RunPhase(3, "0", EVIL, "FAILED", NOON, f"first\n{EVIL}", None)
    line = PhaseLine(
        phase,
        [EVIL, "failed"],
        [LaneMark(EVIL, 0.1, 0.2, EVIL)],
        2.0,
    )
    period = Period(0.0, 3600.0)
    assert inert(phase_rows(RunTable([line], None, period), [0.5]))
    done = RunPhase(3, "0", "b", "COMPLETE", NOON, EVIL, EVIL)
    drawn = phase_rows(RunTable([PhaseLine(done, [], [], None)], None, None), [])
    assert "script" not in drawn
    assert 'aria-label="Attempts: none"' in drawn


def test_a_graph_shows_labels_and_states_as_text():
    nodes = [Node(1, EVIL, EVIL), Node(2, f"b-{EVIL}", "FAILED")]
    assert inert(dependency_drawing(lay_out(nodes, [(2, 1)], ())))


def test_a_row_of_the_queue_shows_names_and_reasons_as_text_and_only_what_a_person_may_do():
    found = QueuedPhase(3, EVIL, 7, EVIL, NOON, True, 2, 1, [EVIL], EVIL, EVIL, EVIL, EVIL)
    query = QueryDict(urlencode({"run": EVIL, "after": 9, EVIL: EVIL}))
    drawn = QueuedRows(query, NOON, clears=True, drains=True).draw([found])
    assert inert(drawn)
    assert "after=" not in drawn
    assert ("Clear…" in drawn, "Drain it" in drawn, "Tick" in drawn) == (True, True, True)
    drawn = QueuedRows(query, NOON, clears=False, drains=False).draw([found])
    assert ("Clear…" in drawn, "Drain it" in drawn, "Tick" in drawn) == (False, False, False)
    assert "Ignore it…" in drawn
    assert inert(blocker_rows([found], NOON))


def test_a_select_offers_its_words_as_text_with_the_asked_one_chosen():
    drawn = options([(1, "a"), (2, EVIL), (EVIL, "c")], "2")
    assert inert(drawn)
    assert drawn.startswith('<option value="1">a</option><option value="2" selected>')
    assert "selected" not in options([(1, "a"), (2, "b")], None)


def test_a_row_of_the_matrix_shows_titles_as_text_and_links_its_numbers():
    cells = [(0, ""), (3, ""), (1315, f"?since={EVIL}")]
    drawn = matrix_rows([CauseRow(EVIL, EVIL, EVIL, f"/{EVIL}", cells)])
    assert inert(drawn)
    assert '<td class="heat heat-0 t-narrow"><span aria-label="none">·</span></td>' in drawn
    assert ">1,315</a>" in drawn


def test_a_number_of_several_shows_its_words_as_text():
    assert inert(part(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL))
    drawn = part(1315, word="Selected")
    assert drawn.startswith('<div class="part"><div class="part-value">1,315</div>')
    assert '<div class="part-name">Selected</div>' in drawn


def test_destinations_and_zones_are_text_and_the_one_that_is_open_is_marked():
    item = NavItem("name", EVIL, "clock", EVIL, short=EVIL, href=f"/{EVIL}", current=True)
    for drawn in (nav_links([item]), tab_links([item]), tab_links([item], whole=True)):
        assert inert(drawn)
        assert 'aria-current="page"' in drawn
    drawn = zone_choices(("UTC", EVIL), "UTC")
    assert inert(drawn)
    assert drawn.count("aria-pressed") == 1
