"""Rows of causes, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from django.utils.safestring import SafeString

from drain.dashboard.http.links import cause_href
from drain.dashboard.markup import ago, boxed_template, state
from drain.dashboard.overview.causes import CauseRow
from drain.dashboard.ui.formats import number
from drain.dashboard.ui.svg import heat_level

# Periods of the matrix that a phone has no room for.
_NARROW = (0, 3)


def matrix_rows(causes: Iterable[CauseRow]) -> SafeString:
    """The causes of the overview with their failures by period, each number a link."""
    return SafeString("".join(map(_matrix_row, causes)))


def _matrix_row(cause: CauseRow) -> str:
    short: str = boxed_template(cause.short)
    title = f'<a href="{escape(cause.href)}">{short}</a>' if cause.href else short
    cells = "".join([_heat_cell(place, *cell) for place, cell in enumerate(cause.cells)])
    return (
        f'<tr data-row="{escape(cause.key)}"><td class="t-error" title="{escape(cause.title)}">{title}</td>'
        f'<td class="t-narrow">{state(cause.status)}</td>{cells}</tr>'
    )


def _heat_cell(place: int, count: int, href: str) -> str:
    shown = '<span aria-label="none">·</span>'
    if count and href:
        shown = f'<a href="{escape(href)}">{number(count)}</a>'
    elif count:
        shown = f"<span>{number(count)}</span>"
    css = f"heat heat-{heat_level(count)}{' t-narrow' if place in _NARROW else ''}"
    return f'<td class="{css}">{shown}</td>'


def cause_rows(causes: Iterable[dict[str, Any]], now: datetime) -> SafeString:
    """The list of causes."""
    return SafeString("".join([_cause_row(cause, now) for cause in causes]))


def _cause_row(cause: dict[str, Any], now: datetime) -> str:
    rising = f" {state('rising')}" if cause["rising"] else ""
    title = boxed_template(cause["title"])
    return (
        f'<tr data-row="f{cause["id"]}"><td class="t-name"><a class="mono" href="{cause_href(cause["key"])}">{title}</a></td>'
        f'<td class="t-state">{state(cause["status"])}{rising}</td><td class="t-fact">{escape(cause["category"])}</td>'
        f'<td class="num t-fact" data-label="today">{number(cause["today"])}</td>'
        f'<td class="num t-fact" data-label="yesterday">{number(cause["yesterday"])}</td>'
        f'<td class="num t-fact" data-label="7 days"><strong>{number(cause["week"])}</strong></td>'
        f'<td class="num t-fact t-last" data-label="last seen">{ago(cause["last_seen"], now)} ago</td></tr>'
    )
