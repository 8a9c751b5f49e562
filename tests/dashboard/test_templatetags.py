"""What `{% load look %}` gives to templates: icon and word for each state, everything hostile escaped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from drain.dashboard.ui import states
from drain.dashboard.ui.svg import Interval, LaneMark
from drain.models import vocabulary

HOSTILE = '<script>alert("x")</script>'
NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


def draw(text: str, /, **context: object) -> str:
    """A piece of a template, drawn with the library loaded."""
    return Template("{% load look %}" + text).render(Context(context))


@pytest.mark.parametrize(
    "word",
    [
        *vocabulary.PhaseState,
        *vocabulary.Outcome,
        *vocabulary.SessionState,
        *vocabulary.CandidateStatus,
        *vocabulary.RunTier,
        *vocabulary.FingerprintStatus,
        *vocabulary.CheckVerdict,
    ],
    ids=lambda word: f"{type(word).__name__}-{word.value}",
)
def test_each_stored_state_has_an_icon_a_colour_and_its_own_word(word):
    shown = states.look(word)
    assert shown.word == word.label
    html = draw("{% state value %}", value=word.value)
    assert shown.word in html
    assert f"#{shown.icon}" in html
    assert shown.css in html


def test_an_unknown_state_is_shown_as_it_is_and_escaped():
    assert "&lt;script&gt;" in draw("{% badge value %}", value=HOSTILE)


def test_a_badge_can_say_more_than_its_state():
    assert "5 failed</span>" in draw('{% badge "failed" "5 failed" large=True %}')


def test_an_icon_is_hidden_from_screen_readers_unless_it_has_a_title():
    assert 'aria-hidden="true"' in draw('{% icon "lock-filled" %}')
    assert 'aria-label="Held"' in draw('{% icon "lock-filled" "small" "Held" %}')


def test_a_template_boxes_placeholders_and_escapes_the_rest():
    html = draw("{{ text|boxed }}", text=f"line <n> {HOSTILE} in <path>")
    assert html.count('class="slot"') == 3
    assert "<script>" not in html


def test_a_template_leaves_what_only_looks_like_markup_escaped():
    assert (
        draw("{{ text|boxed }}", text="a < b > c <IMG SRC=x>")
        == "a &lt; b &gt; c &lt;IMG SRC=x&gt;"
    )


def test_a_command_dims_its_flags_and_quotes_its_values():
    html = draw("{% command_line argv %}", argv=["manage.py", "drain", "--note", "After the <fix>"])
    assert '<span class="flag">--note</span> &#x27;After the &lt;fix&gt;&#x27;' in html


def test_a_command_with_an_open_quote_is_still_shown():
    assert "it&#x27;&quot;&#x27;&quot;&#x27;s" in draw("{% command_line text %}", text="echo it's")


def test_a_copy_button_carries_its_text_escaped():
    assert 'data-copy="&lt;script&gt;' in draw("{% copy_button text %}", text=HOSTILE)


def test_a_time_shows_the_chosen_zone_and_the_full_time_on_hover():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        html = draw("{% at moment %}", moment=NOW)
    assert 'datetime="2025-12-28T14:32:00+00:00"' in html
    assert 'title="2025-12-28 15:32:00 Europe/Berlin">28 Dec 2025, 15:32<' in html


def test_an_age_is_counted_from_the_page_s_one_clock():
    assert ">4 d 02 h<" in draw("{% ago moment %}", moment=NOW - timedelta(hours=98), now=NOW)


def test_no_time_is_a_dash():
    assert draw("{% ago moment %}{% at moment %}", moment=None) == "––"


def test_a_split_bar_fills_its_total_and_names_its_parts():
    html = draw('{% split_bar parts 200 "Ledger" %}', parts=[("drained", 50), ("untouched", 150)])
    assert 'aria-label="Ledger: Drained 50, Untouched 150"' in html
    assert 'x="25.000%" width="75.000%" height="100%" fill="url(#hatch)"' in html


def test_one_phase_of_a_million_is_still_seen_and_the_bar_does_not_overflow():
    html = draw('{% split_bar parts 1000000 "All" %}', parts=[("complete", 999_999), ("failed", 1)])
    assert 'width="0.349%"' in html
    assert 'x="99.651%"' in html


def test_bars_use_attributes_because_inline_styles_are_blocked():
    html = draw(
        '{% split_bar parts 2 "x" %}{% thin_bar 1 2 %}{% sparkline line %}{% lane marks hours fixes "x" %}'
        '{% interval before after 0.8 "x" %}{% interval_head 0.8 %}{% attempts outcomes %}',
        parts=[("failed", 1)],
        line=[1, 2],
        marks=[LaneMark("failed", 0.0, 0.5, HOSTILE)],
        hours=[0.5],
        fixes=[0.3],
        before=Interval(0.1, 0.0, 0.2),
        after=None,
        outcomes=["failed"],
    )
    assert "style=" not in html
    assert "<script>" not in html


def test_attempts_are_squares_with_the_newest_right_and_older_ones_counted():
    html = draw("{% attempts outcomes limit=3 %}", outcomes=["failed"] * 4 + ["EXECUTING"])
    assert "+2</span>" in html
    assert 'aria-label="Attempts: Failed, Failed, Executing"' in html
    assert "s-executing open" in html


def test_a_run_without_attempts_has_room_for_them():
    assert draw("{% attempts outcomes %}", outcomes=[]).count("attempt blank") == 3


def test_a_gauge_warns_at_two_thirds_of_a_fault_limit_but_not_of_a_budget():
    class Gauge:
        observed, limit, tripped, fault = 2, 3, False, True

    assert draw("{% gauge_class gauge %}", gauge=Gauge()) == "s-held"
    Gauge.fault = False
    assert draw("{% gauge_class gauge %}", gauge=Gauge()) == "grey"
    Gauge.tripped = True
    assert draw("{% gauge_class gauge %}", gauge=Gauge()) == "s-held"


@pytest.mark.parametrize(("count", "step"), [(0, 0), (1, 1), (24, 2), (25, 3), (100, 4), (488, 5)])
def test_heat_has_five_steps(count, step):
    assert draw("{{ n|heat }}", n=count) == str(step)


def test_a_filter_changes_the_address_and_keeps_the_others():
    request = RequestFactory().get("/runs/?q=a+b&state=FAILED&page=3")
    html = draw('{% with_query page=None state="QUEUED" %}', request=request)
    assert html == "?q=a+b&amp;state=QUEUED"
