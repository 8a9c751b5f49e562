"""Rows of tables that Python draws in one go: whatever stands in them is inert."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import QueryDict

from drain.dashboard.frame.frame import NavItem
from drain.dashboard.frame_markup import nav_links, tab_links, zone_choices
from drain.dashboard.markup import options, part
from drain.dashboard.queued_markup import QueuedRows
from drain.engine.queue.blockers import QueuedPhase

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>\'&'


def inert(html: str) -> bool:
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script" not in html and 'alert("' not in html and "&lt;script&gt;" in html


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


def test_a_select_offers_its_words_as_text_with_the_asked_one_chosen():
    drawn = options([(1, "a"), (2, EVIL), (EVIL, "c")], "2")
    assert inert(drawn)
    assert drawn.startswith('<option value="1">a</option><option value="2" selected>')
    assert "selected" not in options([(1, "a"), (2, "b")], None)


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
