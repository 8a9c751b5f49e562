"""Rows about runs and their phases, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString

from drain.dashboard.http.links import phase_href, run_page_href
from drain.dashboard.markup import at, attempts, boxed_template, count_cells, icon_href, state
from drain.dashboard.runs.detail_query import PhaseLine, RunTable
from drain.dashboard.runs.graph import HEIGHT, WIDTH, Box, Edge, Layout
from drain.dashboard.runs.list_query import RunRow
from drain.dashboard.ui.formats import NOTHING, duration, number
from drain.dashboard.ui.states import look
from drain.dashboard.ui.svg import lanes, split_bar
from drain.models.vocabulary import PhaseState


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


def phase_rows(table: RunTable, fixes: Sequence[float]) -> SafeString:
    """The phases of a run with their attempts on one timeline; `fixes` are places on it."""
    draw = lanes(table.hours, fixes)
    drawn = (
        _phase_row(line, draw(line.marks, line.phase.phase_id) if table.period else "")
        for line in table.lines
    )
    return SafeString("".join(drawn))


def _phase_row(line: PhaseLine, lane: str) -> str:
    phase = line.phase
    name, error = escape(phase.phase_id), phase.error
    word = "for" if phase.state == PhaseState.QUEUED else "took"
    label = f' data-label="{word}"' if line.seconds is not None else ""
    return (
        f'<tr data-row="{phase.pk}"><td class="num faint t-hide">{phase.place}</td>'
        f'<td class="t-name"><a href="{phase_href(phase.pk)}">{name}</a></td>'
        f'<td class="t-state">{state(phase.state)}</td><td class="t-fact">{attempts(line.outcomes)}</td>'
        f'<td class="t-lane t-hide">{lane}</td>'
        f'<td class="num t-fact"{label}>{duration(line.seconds)}</td>'
        f'<td class="t-error clip t-last" title="{escape(error)}">{boxed_template(error)}</td></tr>'
    )


def dependency_drawing(layout: Layout) -> SafeString:
    """The graph of a run as SVG: curves below, boxes that lead to their phases above."""
    drawn = [*map(_curve, layout.edges), *map(_box, layout.boxes)]
    size = f'width="{_pixels(layout.width)}" height="{_pixels(layout.height)}"'
    return SafeString(f"<svg {size}>{''.join(drawn)}</svg>")


def _curve(edge: Edge) -> str:
    return f'<path class="edge{"" if edge.met else " open"}" d="{edge.path}"></path>'


def _box(box: Box) -> str:
    shown, label = look(box.node.state), escape(box.node.label)
    return (
        f'<a href="{phase_href(box.node.key)}" aria-label="{label}, {escape(shown.word.lower())}">'
        f'<g class="node {shown.css}" transform="translate({_pixels(box.x)} {_pixels(box.y)})">'
        f'<title>{label}</title><rect width="{WIDTH}" height="{HEIGHT}" rx="6"></rect>'
        f'<use href="{icon_href(shown.icon)}" x="9" y="10" width="14" height="14"></use>'
        f'<text x="30" y="21">{escape(box.text)}</text></g></a>'
    )


def _pixels(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
