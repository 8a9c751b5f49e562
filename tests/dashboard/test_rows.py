"""Rows of tables that Python draws in one go: whatever stands in them is inert."""

from __future__ import annotations

from datetime import UTC, datetime

from drain.dashboard.charts import Chart
from drain.dashboard.run_list import ListedRun, RunRow
from drain.dashboard.run_markup import run_rows

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>\'&'


def inert(html: str) -> bool:
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script" not in html and 'alert("' not in html and "&lt;script&gt;" in html


def test_the_table_of_a_chart_shows_each_number_and_every_text_as_text():
    table = Chart({}, ("Time", EVIL), [(EVIL, 1315), ("now", 0.25), ("then", EVIL)]).table
    assert inert(table)
    assert '<td class="num">1,315</td>' in table
    assert '<td class="t-time">now</td><td class="num">0.2</td>' in table


def test_a_row_of_the_list_of_runs_shows_names_sources_and_errors_as_text():
    run = ListedRun(7, EVIL, f"name {EVIL}", EVIL, NOON)
    match = {"pk": 3, "phase_id": EVIL, "error": f"first\n{EVIL}"}
    found = RunRow(run, {"FAILED": 2}, match)
    assert inert(run_rows([found, RunRow(run, {EVIL: 1}, None)]))
    unnamed = run_rows([RunRow(ListedRun(8, "a", "a", None, NOON), {}, None)])
    assert 't-hide soft">–</td>' in unnamed
    assert "t-sub" not in unnamed
