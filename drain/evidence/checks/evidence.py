"""The attempts and phases that a check reads: two sides of attempts, and the phases that belong to them.

Figures are read when a check first asks for them, and once for all checks of the same ground.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from drain.db.sql import row, rows
from drain.evidence.checks.matching import MOST_NAMED, Again, Mark, completed_again, tried_again
from drain.evidence.comparison.bounds import CHECKED, bounded
from drain.evidence.comparison.compare import Comparison, Difference, compare
from drain.evidence.comparison.figures import Figures, figures
from drain.evidence.comparison.question import DEFAULT_DAYS, ComparisonRequest, of_marker
from drain.evidence.comparison.sides import Side, around_marker, before_session, of_session
from drain.evidence.fixes.composition import not_done
from drain.evidence.fixes.contrast import Done
from drain.evidence.fixes.kept import JudgeFix, judged_now
from drain.evidence.fixes.reading import FixScope, completed_before
from drain.evidence.fixes.trials import FixWindow
from drain.evidence.rollups.fold import state_totals
from drain.models import Check, DrainSession, FixMarker

_OF_SESSION = "p.id IN (SELECT phase_id FROM drain_candidate WHERE session_id = %(session)s)"


@dataclass
class Ground:
    """Before and after as a check sees them."""

    before: Side
    after: Side
    session: int | None = None
    """Its plan's phases are those that a claim about states is about; else those of the side after."""
    fleet: bool = False
    """A claim about states is about every phase there is."""
    known: Comparison | None = None
    """The two sides compared, where somebody already has."""
    judge_fix: JudgeFix = judged_now
    """The way to the verdict on a fix, for a claim that it works."""

    @cached_property
    def figures_after(self) -> Figures:
        """The figures of the attempts after."""
        if self.known is not None:
            return self.known.after
        return figures(self.after)

    @cached_property
    def change(self) -> Difference:
        """The completion rate after against before."""
        if self.known is not None:
            return self.known.difference
        # Of two stretches of the fleet, what a plan knew would count every first try as a rise.
        return compare(self.before, self.after, from_plan=not self.fleet).difference

    def again(self, mark: Mark) -> Again | None:
        """Phases that bore the mark before and were tried again; None for a claim about any attempt."""
        if self.fleet:
            return None
        return tried_again(self._had_before, self.after, self.session, mark)

    def not_done(self, mark: Mark | None = None) -> str:
        """Return the doubt about the work of what completed after,
        of the phases that bore the mark if one is asked for.

        "" for nothing known: no work of its sort may have completed before.
        """
        if self.before.until is None:
            return ""
        had = None if self.fleet else mark
        found = completed_again(self._had_before, self.after, self.session, had)
        sorts = {(one.source, one.category) for one in found}
        done = completed_before(FixScope((), FixWindow(self.before.until)), sorts)
        return not_done(done, [Done(one.run, one.events, one.seconds) for one in found])

    @property
    def _had_before(self) -> Side:
        """The side on which phases may have failed so before."""
        if self.session is None:
            return self.before
        return replace(self.before, plan_of=self.session)

    def in_state(self, state: str) -> tuple[int, int, list[int]]:
        """(all phases, those in `state`, ids of at most MOST_NAMED of those)."""
        if self.fleet:
            totals = state_totals()
            return sum(totals.values()), totals.get(state, 0), self._named(state)
        total = row(f"SELECT count(*)::int AS n {self._phases()}", self._values(state))["n"]
        found = row(
            f"SELECT count(*)::int AS n {self._phases()} AND p.state = %(state)s",
            self._values(state),
        )["n"]
        return int(total), int(found), self._named(state)

    def _named(self, state: str) -> list[int]:
        named = (
            f"SELECT p.id {self._phases()} AND p.state = %(state)s ORDER BY p.id LIMIT %(limit)s"
        )
        return [item["id"] for item in rows(named, self._values(state))]

    def _phases(self) -> str:
        if self.fleet:
            return "FROM drain_phase p WHERE true"
        if self.session is not None:
            return f"FROM drain_phase p WHERE {_OF_SESSION}"
        tried = f"SELECT a.phase_id FROM drain_attempt a WHERE {self.after.where('a')}"  # noqa: S608 - fixed parts
        return f"FROM drain_phase p WHERE p.id IN ({tried})"

    def _values(self, state: str) -> dict[str, Any]:
        return self.after.values("a") | {
            "session": self.session,
            "state": state,
            "limit": MOST_NAMED,
        }


def ground_in_session(
    check: Check, session: DrainSession, known: Comparison | None = None
) -> Ground:
    """Around the check's marker within the session, else before the session and in it (`known`)."""
    if check.marker is None:
        return Ground(before_session(session), of_session(session), session.pk, known=known)
    before, after = around_marker(check.marker)
    return Ground(before, replace(after, session=session.pk), session.pk)


def ground_of_marker(marker: FixMarker, now: datetime) -> Ground:
    """The days before a fix against everything since, as the page of the fix compares them."""
    return ground_of(of_marker(marker, DEFAULT_DAYS, now))


def ground_of(found: ComparisonRequest, known: Comparison | None = None) -> Ground:
    """Two sides as a check reads them; `known` is their comparison, where a page made it of all of both."""
    if known is not None and not found.before.cut and not found.after.cut:
        return of_everything(found.before.side, found.after.side, known)
    before, after = bounded(found.sides, found.now, CHECKED)
    return of_everything(before.side, after.side)


def of_everything(before: Side, after: Side, known: Comparison | None = None) -> Ground:
    """Two sides with all phases of their sources and runs: what must stay away may come in any of them."""
    if before.touched or after.touched:
        return Ground(replace(before, touched=()), replace(after, touched=()))
    return Ground(before, after, known=known)


def ground_of_fleet(hours: int, now: datetime) -> Ground:
    """The last hours of everything against as many hours before them."""
    span = timedelta(hours=hours)
    last = Side(f"the last {hours} h", since=now - span)
    earlier = Side(f"the {hours} h before", since=now - 2 * span, until=now - span)
    before, after = bounded([earlier, last], now, CHECKED)
    return Ground(before.side, after.side, fleet=True)
