"""Rows of the list of runs, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString

from .drawings import split_bar
from .formats import NOTHING, number
from .links import phase_href, run_page_href
from .markup import count_cells
from .moments import at
from .run_list import RunRow


def run_rows(rows: Iterable[RunRow]) -> SafeString:
    """The rows of the list of runs."""
    return SafeString("".join(map(_run_row, rows)))


def _run_row(row: RunRow) -> str:
    run = row.run
    return (
        f'<tr data-row="{run.pk}">'
        f'<td class="t-name"><a href="{run_page_href(run.pk)}">{escape(run.run_id)}</a>{_below(row)}</td>'
        f'<td class="t-bar"><div class="statebar">{split_bar(row.bar, row.total, "Phases", "slim")}</div></td>'
        f"{count_cells(row.cells)}"
        f'<td class="num t-last t-hide">{number(row.total)}</td>'
        f'<td class="t-last t-hide soft">{escape(run.source) if run.source else NOTHING}</td>'
        f'<td class="t-time t-fact" data-label="created">{at(run.created_at, "day")}</td></tr>'
    )


def _below(row: RunRow) -> str:
    """The error that matched the search, else the name of the run."""
    if row.match:
        said = escape(f"{row.match['phase_id']}: {row.said}")
        return f'<a class="t-sub mono" href="{phase_href(row.match["pk"])}">{said}</a>'
    run = row.run
    named = run.name and run.name != run.run_id
    return f'<span class="t-sub">{escape(run.name)}</span>' if named else ""
