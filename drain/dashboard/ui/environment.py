"""The Jinja2 environment of the pages: what their templates may call, and what they may not print raw."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cache
from typing import Any

import jinja2
from django.db.models import Model
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import json_script
from django.utils.safestring import SafeString
from markupsafe import Markup

from drain.dashboard.http import links, search_terms
from drain.dashboard.ui import formats, slots, states, svg, times
from drain.policy import words
from drain.policy.glossary import DEFINITIONS
from drain.policy.inert import inert

_RAW = {
    datetime: "time or ago",
    date: "time or ago",
    time: "time or ago",
    float: "number, decimals, percent or duration",
    Model: "one of its fields",
}
"""Types that no page prints as they are, and what to use instead."""


def environment(**options: Any) -> jinja2.Environment:
    """Return the environment for Django's Jinja2 backend; `options` are those of settings.TEMPLATES.

    Undefined names raise, so that a page with a typing error fails in its test and is not silently empty.
    """
    made = jinja2.Environment(  # noqa: S701 - autoescape is on below, and no option turns it off
        **{
            "trim_blocks": True,
            "lstrip_blocks": True,
            "finalize": printable,
            **options,
            # Django's backend brings an `undefined` of its own among the options, which prints nothing.
            "undefined": jinja2.StrictUndefined,
            "autoescape": True,
        }
    )
    made.globals.update(_GLOBALS)
    made.filters.update(FILTERS)
    return made


def printable(value: object) -> object:
    """Return a value that a template prints; raise TypeError for what needs a macro or a filter.

    A raw datetime would be shown in UTC, a float with sixteen digits, a model by its class. What a text holds
    that would reorder or hide what is read stands as its code; the value of a field goes through Jinja's `|
    e`, which leaves it exactly as it is: what comes back with the form must be what was meant.
    """
    if isinstance(value, str):
        if isinstance(value, Markup):
            return value
        # Of its own type: a drawing, which is markup of Django's, stays one with any text in it.
        return type(value)(inert(value))
    for kind, instead in _RAW.items():
        if isinstance(value, kind):
            raise TypeError(
                f"A page cannot print {type(value).__name__} {value!r} as it is: use {instead}."
            )
    return value


@cache
def sprite() -> str:
    """Return the address of the icons, which a page names hundreds of times."""
    return static("drain/icons/sprite.svg")


def plural(count: object, one: str = "", many: str = "s") -> str:
    """Return the ending of a word after `count`: `phase{{ n | plural }}`, `{{ n | plural("is", "are") }}`."""
    return one if count == 1 else many


def script_json(data: object, element_id: str) -> SafeString:
    """Return `<script type="application/json">` with `data` for a script that looks it up by its id."""
    return json_script(data, element_id)


_GLOBALS: dict[str, Any] = {
    "static": static,
    "sprite": sprite,
    "url": lambda name, *args, **kwargs: reverse(name, args=args, kwargs=kwargs),
    "link": links.link,
    "changed_query": links.changed_query,
    "look": states.look,
    "definitions": DEFINITIONS,
    "svg": svg,
    "times": times,
}
FILTERS: dict[str, Any] = {
    "number": formats.number,
    "decimals": formats.decimals,
    "duration": words.duration,
    "percent": formats.percent,
    "size": formats.size,
    "who": words.who,
    "plural": plural,
    "slots": slots.slots,
    "marked": search_terms.marked,
    "command_words": slots.command_words,
    "command_text": slots.command_text,
    "heat": svg.heat_level,
    "json_script": script_json,
    "yield_word": states.yield_word,
    "reason_word": states.reason_word,
    "reason_css": states.reason_css,
    "drain_state": states.drain_state,
    "run_href": links.run_href,
    "phase_href": links.phase_href,
    "attempt_href": links.attempt_href,
    "cause_href": links.cause_href,
    "report_href": links.report_href,
    "marker_href": links.marker_href,
}
