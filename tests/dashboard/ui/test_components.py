"""The components of pages: icon and word for each state, everything hostile escaped, nothing printed raw."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.template import engines
from django.utils import timezone
from jinja2 import UndefinedError

from drain.dashboard.frame.frame import NavItem
from drain.dashboard.ui import states
from drain.dashboard.ui.svg import LaneMark, ShareInterval
from drain.models import SavedView, vocabulary

HOSTILE = '<script>alert("x")</script>'
NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


def draw(text: str, /, **context: object) -> str:
    """A piece of a template, drawn with the components as `ui` and `forms`."""
    shared = '{% import "components.html" as ui %}{% import "forms.html" as forms %}'
    template = engines["jinja2"].from_string(shared + text)
    return template.render(context).strip()


def inert(html: str) -> bool:
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script" not in html and 'alert("' not in html and "&lt;script&gt;" in html


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
    html = draw("{{ ui.state(value) }}", value=word.value)
    assert shown.word in html
    assert f"#{shown.icon}" in html
    assert shown.css in html


def test_an_unknown_state_is_shown_as_it_is_and_escaped():
    assert "&lt;script&gt;" in draw("{{ ui.badge(value) }}", value=HOSTILE)


def test_a_badge_can_say_more_than_its_state():
    assert "5 failed</span>" in draw('{{ ui.badge("failed", "5 failed", large=true) }}')


def test_an_icon_is_hidden_from_screen_readers_unless_it_has_a_title():
    assert 'aria-hidden="true"' in draw('{{ ui.icon("lock-filled") }}')
    assert 'aria-label="Held"' in draw('{{ ui.icon("lock-filled", "small", "Held") }}')


def test_a_template_boxes_placeholders_and_escapes_the_rest():
    html = draw("{{ ui.boxed(text) }}", text=f"line <n> {HOSTILE} in <path>")
    assert html.count('class="slot"') == 3
    assert "<script>" not in html


def test_a_template_leaves_what_only_looks_like_markup_escaped():
    assert (
        draw("{{ ui.boxed(text) }}", text="a < b > c <IMG SRC=x>")
        == "a &lt; b &gt; c &lt;IMG SRC=x&gt;"
    )


def test_a_command_dims_its_flags_and_quotes_its_values():
    html = draw(
        "{{ ui.command_line(argv) }}", argv=["manage.py", "drain", "--note", "After the <fix>"]
    )
    assert '<span class="flag">--note</span> &#39;After the &lt;fix&gt;&#39;' in html


def test_a_command_with_an_open_quote_is_still_shown():
    assert "it&#39;&#34;&#39;&#34;&#39;s" in draw("{{ ui.command_line(text) }}", text="echo it's")


def test_a_copy_button_carries_its_text_escaped():
    assert 'data-copy="&lt;script&gt;' in draw("{{ ui.copy_button(text) }}", text=HOSTILE)


def test_a_time_shows_the_chosen_zone_and_the_full_time_on_hover():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        html = draw("{{ ui.time(moment) }}", moment=NOW)
    assert 'datetime="2025-12-28T14:32:00+00:00"' in html
    assert 'title="2025-12-28 15:32:00 Europe/Berlin">28 Dec 2025, 15:32<' in html


def test_an_age_is_counted_from_the_page_s_one_clock():
    assert ">4 d 02 h<" in draw(
        "{{ ui.ago(moment, now) }}", moment=NOW - timedelta(hours=98), now=NOW
    )


def test_no_time_is_a_dash():
    assert draw("{{ ui.ago(moment, now) }}{{ ui.time(moment) }}", moment=None, now=NOW) == "––"


def test_a_split_bar_fills_its_total_and_names_its_parts():
    html = draw(
        '{{ svg.split_bar(parts, 200, "Ledger") }}', parts=[("drained", 50), ("untouched", 150)]
    )
    assert 'aria-label="Ledger: Drained 50, Untouched 150"' in html
    assert 'x="25.000%" width="75.000%" height="100%" fill="url(#hatch)"' in html


def test_one_phase_of_a_million_is_still_seen_and_the_bar_does_not_overflow():
    html = draw(
        '{{ svg.split_bar(parts, 1000000, "All") }}', parts=[("complete", 999_999), ("failed", 1)]
    )
    assert 'width="0.349%"' in html
    assert 'x="99.651%"' in html


def test_bars_use_attributes_because_inline_styles_are_blocked():
    html = draw(
        '{{ svg.split_bar(parts, 2, "x") }}{{ svg.thin_bar(1, 2) }}{{ svg.sparkline(line) }}'
        '{{ svg.lane(marks, hours, fixes, "x") }}{{ svg.interval(before, after, 0.8, "x") }}'
        "{{ svg.interval_head(0.8) }}{{ ui.attempts(outcomes) }}",
        parts=[("failed", 1)],
        line=[1, 2],
        marks=[LaneMark("failed", 0.0, 0.5, HOSTILE)],
        hours=[0.5],
        fixes=[0.3],
        before=ShareInterval(0.1, 0.0, 0.2),
        after=None,
        outcomes=["failed"],
    )
    assert "style=" not in html
    assert "<script>" not in html


def test_attempts_are_squares_with_the_newest_right_and_older_ones_counted():
    html = draw("{{ ui.attempts(outcomes, limit=3) }}", outcomes=["failed"] * 4 + ["EXECUTING"])
    assert "+2</span>" in html
    assert 'aria-label="Attempts: Failed, Failed, Executing"' in html
    assert "s-executing open" in html


def test_a_run_without_attempts_has_room_for_them():
    assert draw("{{ ui.attempts(outcomes) }}", outcomes=[]).count("attempt blank") == 3


@pytest.mark.parametrize(
    ("fault", "tripped", "css"),
    [(True, False, "s-held"), (False, False, "grey"), (False, True, "s-held")],
)
def test_a_gauge_warns_at_two_thirds_of_a_fault_limit_but_not_of_a_budget(fault, tripped, css):
    texts = dict.fromkeys(("name", "observed_text", "limit_text", "note"), HOSTILE)
    gauge = {"observed": 2, "limit": 3, "fault": fault, "tripped": tripped, **texts}
    html = draw("{{ ui.gauge(gauge) }}", gauge=gauge)
    assert f'class="gauge {css}"' in html
    assert ("Tripped: " in html) is tripped
    assert inert(html)


@pytest.mark.parametrize(("count", "step"), [(0, 0), (1, 1), (24, 2), (25, 3), (100, 4), (488, 5)])
def test_heat_has_five_steps(count, step):
    assert draw("{{ n | heat }}", n=count) == str(step)


def test_a_filter_changes_the_address_and_keeps_the_others():
    html = draw(
        '{{ changed_query(query, page=none, state="QUEUED") }}',
        query=QueryDict("q=a+b&state=FAILED&page=3"),
    )
    assert html == "?q=a+b&amp;state=QUEUED"


def test_a_select_offers_its_words_as_text_with_the_asked_one_chosen():
    html = draw("{{ forms.options(choices, 2) }}", choices=[(1, "a"), (2, HOSTILE), (HOSTILE, "c")])
    assert inert(html)
    assert html.count(" selected") == 1
    assert '<option value="2" selected>' in html
    assert "selected" not in draw(
        "{{ forms.options(choices, none) }}", choices=[(1, "a"), (2, "b")]
    )


def test_a_number_of_several_shows_its_words_as_text():
    assert inert(draw("{{ ui.part(x, x, x, x, x, x) }}", x=HOSTILE))
    html = draw('{{ ui.part(1315, word="Selected") }}')
    assert html.startswith('<div class="part">')
    assert '<div class="part-value">1,315</div>' in html
    assert '<div class="part-name">Selected</div>' in html


def test_the_table_of_a_chart_shows_each_number_and_every_text_as_text():
    chart = {
        "data": {"x": HOSTILE},
        "heads": ("Time", HOSTILE),
        "rows": [(HOSTILE, 1315), ("now", 0.25)],
    }
    html = draw('{{ ui.chart("bars", chart, "some-id", "Label") }}', chart=chart)
    assert HOSTILE not in html
    assert '<td class="num">1,315</td>' in html
    assert '<td class="t-time">now</td>' in html
    assert '<td class="num">0.2</td>' in html


def test_a_question_holds_its_fields_its_reason_and_the_token():
    asked = '{% call forms.confirm(token, "id", "/act/", x, x, x, ask_reason=true) %}<b>{{ x }}</b>{% endcall %}'
    html = draw(asked, x=HOSTILE, token="TOKEN")
    assert inert(html)
    assert html.count("&lt;script&gt;") == 4
    assert "TOKEN" in html
    assert 'name="reason" required' in html
    assert "reason" not in draw('{{ forms.confirm("", "id", "/act/", "t", "t", "v") }}')


@pytest.mark.parametrize("template", ["frame/nav_links.html", "frame/tabbar.html"])
def test_destinations_are_text_and_the_one_that_is_open_is_marked(template):
    item = NavItem(
        "name", HOSTILE, "clock", HOSTILE, short=HOSTILE, href=f"/{HOSTILE}", current=True
    )
    shell = {"nav": [item], "tabs": [item], "beyond_tabs": [item], "search": ""}
    html = engines["jinja2"].get_template(template).render({"shell": shell})
    assert inert(html)
    assert 'aria-current="page"' in html


@pytest.mark.parametrize(
    ("value", "instead"),
    [
        (NOW, "time or ago"),
        (date(2026, 1, 2), "time or ago"),
        (0.1, "percent"),
        (SavedView(), "fields"),
    ],
)
def test_what_no_page_prints_as_it_is_says_what_to_use(value, instead):
    with pytest.raises(TypeError, match=instead):
        draw("{{ value }}", value=value)


def test_a_name_that_is_not_given_is_an_error_and_no_gap():
    with pytest.raises(UndefinedError, match="'nothing' is undefined"):
        draw("{{ nothing }}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ 2.5 | decimals }}", "2.50"),
        ("{{ 3.0 | decimals(1, trim=true) }}", "3"),
        ("{{ none | decimals }}", "–"),
    ],
)
def test_decimals_are_as_many_as_asked_for(text, shown):
    assert draw(text) == shown
