"""`{% load look %}`: everything a page needs to draw states, numbers, times and bars.

The work is done in looks, formats, markup and drawings; this module only gives it names in templates.
docs/frontend.md shows each one with an example.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from drain.dashboard import (
    frame_markup,
    markup,
)
from drain.dashboard.http import links
from drain.dashboard.http.links import changed_query
from drain.dashboard.ui import formats, states, svg
from drain.policy import words

register = template.Library()
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
register.filter("duration", words.duration)
register.filter("percent", formats.percent)
register.filter("size", formats.size)
register.filter("masked", words.masked)
register.filter("who", words.who)
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
