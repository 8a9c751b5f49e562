"""Rows of the queued phases, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote

from django.http import QueryDict
from django.utils.safestring import SafeString

from drain.dashboard.http.links import changed_query, link, phase_href
from drain.dashboard.markup import ago, icon
from drain.dashboard.ui.formats import number
from drain.engine.queue.blockers import QueuedPhase


@dataclass(frozen=True, slots=True)
class QueuedRows:
    """What the rows need besides their phases: the query of the page, its clock, and what the person may do."""

    query: QueryDict
    now: datetime
    clears: bool
    drains: bool

    def draw(self, phases: Iterable[QueuedPhase]) -> SafeString:
        """One row a phase, with the ways out that this person has."""
        return SafeString("".join(map(self._row, phases)))

    def _row(self, phase: QueuedPhase) -> str:
        name, run = escape(phase.phase_id), escape(phase.run_id)
        of_run = escape(changed_query(self.query, run=phase.run_id, after=None))
        return (
            f'<tr data-row="q{phase.pk}">{_tick(phase.pk, name) if self.clears else ""}'
            f'<td class="t-name"><a href="{phase_href(phase.pk)}">{name}</a>'
            f'<span class="t-sub"><a href="{of_run}">{run}</a></span>'
            f'<span class="t-sub">{escape(phase.why)}</span></td>'
            f'<td class="t-state">{self._since(phase)}</td>'
            f'<td class="num t-fact" data-label="blocks directly">{number(phase.direct)}</td>'
            f'<td class="num t-fact" data-label="through others">{number(phase.through)}</td>'
            f'<td class="t-note"><span class="row tight">{self._ways_out(phase)}</span></td></tr>'
        )

    def _since(self, phase: QueuedPhase) -> str:
        waited = ago(phase.since, self.now)
        if not phase.stale:
            return waited
        mark = icon("alert-triangle-filled")
        return f'<span class="state s-held" title="Stale">{mark}{waited}<span class="sr-only"> stale</span></span>'

    def _ways_out(self, phase: QueuedPhase) -> str:
        pk = phase.pk
        ignore = (
            f"{link('session-new')}?run={quote(phase.run_id, safe='')}&amp;queued_policy=ignore"
        )
        clear = (
            f'<button type="submit" class="button small" name="pk" value="{pk}"'
            ' title="Nobody runs it afterwards unless it is requeued">Clear…</button>'
        )
        drain = (
            f'<button type="submit" class="button small" formaction="{link("phase-drain", pk)}"'
            ' title="Somebody else may be about to run it">Drain it</button>'
        )
        return (
            f"{clear if self.clears else ''}"
            f'<a class="button small" href="{ignore}" title="Phases may run before what they need">Ignore it…</a>'
            f"{drain if self.drains else ''}"
        )


def _tick(pk: int, name: str) -> str:
    return (
        '<td class="t-tick"><input type="checkbox" class="tick" data-select-row name="pk"'
        f' value="{pk}" aria-label="Tick {name}"></td>'
    )
