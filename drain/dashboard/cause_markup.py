"""Rows of causes, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString

from drain.dashboard.markup import boxed_template, state
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
