"""Rows of tables that Python draws in one go: whatever stands in them is inert."""

from __future__ import annotations

from drain.dashboard.charts import Chart

EVIL = '<script>alert("x")</script>\'&'


def inert(html: str) -> bool:
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script" not in html and 'alert("' not in html and "&lt;script&gt;" in html


def test_the_table_of_a_chart_shows_each_number_and_every_text_as_text():
    table = Chart({}, ("Time", EVIL), [(EVIL, 1315), ("now", 0.25), ("then", EVIL)]).table
    assert inert(table)
    assert '<td class="num">1,315</td>' in table
    assert '<td class="t-time">now</td><td class="num">0.2</td>' in table
