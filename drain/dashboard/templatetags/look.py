"""`{% load look %}`: everything a page needs to draw states, numbers, times and bars.

The work is done in looks, formats, markup and drawings; this module only gives it names in templates.
docs/frontend.md shows each one with an example.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from drain.dashboard import (
    cause_markup,
    frame_markup,
    markup,
    queued_markup,
    run_markup,
    session_markup,
)
from drain.dashboard.http import links
from drain.dashboard.http.links import changed_query
from drain.dashboard.ui import formats, states, svg
from drain.evidence.report.sentences import MARKS

register = template.Library()
# A file of a report says verdicts with marks that need a font for them; a page has icons and words.
_VERDICTS = {mark: verdict for verdict, mark in MARKS.items()}
_STATES = ("State", "Outcome")

register.simple_tag(markup.icon, name="icon")
register.simple_tag(markup.state, name="state")
register.simple_tag(markup.badge, name="badge")
register.simple_tag(markup.options, name="options")
register.simple_tag(markup.part, name="part")
register.simple_tag(markup.copy_button, name="copy_button")
register.simple_tag(frame_markup.nav_links, name="nav_links")
register.simple_tag(frame_markup.tab_links, name="tab_links")
register.simple_tag(frame_markup.zone_choices, name="zone_choices")
register.simple_tag(markup.command_line, name="command_line")
register.simple_tag(markup.attempts, name="attempts")
register.simple_tag(cause_markup.matrix_rows, name="matrix_rows")
register.simple_tag(queued_markup.blocker_rows, name="blocker_rows")
register.simple_tag(run_markup.run_rows, name="run_rows")
register.simple_tag(run_markup.phase_rows, name="phase_rows")
register.simple_tag(session_markup.session_rows, name="session_rows")
register.simple_tag(session_markup.running_items, name="running_items")
register.simple_tag(session_markup.verdict_rows, name="verdict_rows")
register.simple_tag(session_markup.result_rows, name="result_rows")
register.simple_tag(session_markup.plan_rows, name="plan_rows")
register.simple_tag(run_markup.dependency_drawing, name="dependency_drawing")
register.simple_tag(formats.rate, name="rate")
register.simple_tag(markup.at, name="at")
register.simple_tag(svg.sparkline, name="sparkline")
register.simple_tag(svg.split_bar, name="split_bar")
register.simple_tag(svg.thin_bar, name="thin_bar")
register.simple_tag(svg.lane, name="lane")
register.simple_tag(svg.lane_head, name="lane_head")
register.simple_tag(svg.interval, name="interval")
register.simple_tag(svg.interval_head, name="interval_head")
register.simple_tag(svg.difference, name="difference")
register.simple_tag(svg.difference_head, name="difference_head")

register.filter("number", formats.number)
register.filter("duration", formats.duration)
register.filter("percent", formats.percent)
register.filter("size", formats.size)
register.filter("masked", formats.masked)
register.filter("who", formats.who)
register.filter("boxed", markup.boxed_template)
register.filter("command_text", markup.command_text)
register.filter("heat", svg.heat_level)
register.filter("reason_word", states.reason_word)
register.filter("reason_css", states.reason_css)
register.filter("drain_state", states.drain_state)
register.filter("run_href", links.run_href)
register.filter("phase_href", links.phase_href)
register.filter("attempt_href", links.attempt_href)
register.filter("cause_href", links.cause_href)
register.filter("report_href", links.report_href)
register.filter("marker_href", links.marker_href)


@register.filter
def state_css(value: object) -> str:
    """The colour class of a state, for markup that draws it by itself."""
    return states.look(value).css


@register.filter
def state_word(value: object) -> str:
    """The word of a state, for titles and labels."""
    return states.look(value).word


@register.filter
def state_mark(value: object) -> SafeString:
    """The icon of a state, named for screen readers."""
    return markup.state_icon(value)


@register.simple_tag
def report_cells(
    row: Iterable[str], names: Iterable[str], numbers: Iterable[bool] = ()
) -> SafeString:
    """The cells of a row: a mark of a verdict or a state becomes icon and word, any other text stays.

    A report has thousands of them: put together here they take a tenth of what a loop of a template takes.
    """
    cells = zip(_report_columns(tuple(names), tuple(numbers)), names, row, strict=False)
    return SafeString(
        "".join(f"<td{column}>{_report_cell(name, text)}</td>" for column, name, text in cells)
    )


@register.simple_tag
def report_heads(names: Iterable[str], numbers: Iterable[bool]) -> SafeString:
    """The heads of a report's columns, those of numbers at the right."""
    return format_html_join(
        "",
        '<th scope="col"{}>{}</th>',
        (
            (SafeString(' class="num"' if numeric else ""), name)
            for name, numeric in zip(names, numbers, strict=True)
        ),
    )


@lru_cache(maxsize=64)
def _report_columns(names: tuple[str, ...], numbers: tuple[bool, ...]) -> list[str]:
    """What each column's cells are: numbers, and when a phone folds the row its name, state or a fact with a label."""
    first = next((place for place, name in enumerate(names) if name), 0)
    numeric = dict(enumerate(numbers))
    folded = [
        format_html(
            ' class="t-fact{}" data-label="{}"', " num" if numeric.get(place) else "", name.lower()
        )
        if name
        else ' class="t-state"'
        for place, name in enumerate(names)
    ]
    name = ' class="t-name num"' if numeric.get(first) else ' class="t-name"'
    return [*folded[:first], name, *folded[first + 1 :]]


def _report_cell(name: str, text: str) -> str:
    state = _VERDICTS.get(text) or (text if name in _STATES else "")
    return markup.state(state) if state else html.escape(text)


@register.simple_tag(takes_context=True)
def ago(context: template.Context, moment: datetime | None) -> SafeString | str:
    """How long ago, with the absolute time on hover. `now` of the context is the page's one clock."""
    return markup.ago(moment, context.get("now") or timezone.now())


@register.simple_tag
def gauge_class(gauge: Any) -> str:
    """The colour class of a gauge with observed, limit, fault and tripped."""
    return svg.gauge_css(gauge.observed, gauge.limit, fault=gauge.fault, tripped=gauge.tripped)


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: object) -> str:
    """The address of this page with some query parameters changed; None or "" removes one."""
    return changed_query(context["request"].GET, **changes)
