"""One pass over the rows: which phases may be selected, and what the rules need to know of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drain.policy.selection.exclusion import FirstQueued
from drain.policy.selection.rows import PhaseRow, RunFacts, Scope
from drain.policy.selection.waiting import Needs
from drain.policy.states import PhaseState


class Backlog:
    """Rows sorted into candidates and facts; holds only what a decision needs."""

    def __init__(
        self, rows: Iterable[PhaseRow], runs: Mapping[int, RunFacts], scope: Scope, needs: Needs
    ) -> None:
        self.candidates: list[PhaseRow] = []
        self.failed_in_run: dict[int, int] = {}
        self.first_queued: dict[int, FirstQueued] = {}
        self.linked: dict[int, PhaseRow] = {}
        """Rows at either end of an edge."""
        self._runs = {pk for pk, run in runs.items() if _in_scope(run, scope)}
        self._phases = scope.phases
        self._allow_queued = scope.allow_queued and bool(scope.phases)
        self._read(rows, set(needs).union(*needs.values()))
        self.linked_candidates = {row.id for row in self.candidates if row.id in self.linked}

    def _read(self, rows: Iterable[PhaseRow], ends: set[int]) -> None:
        failed, failed_in_run = PhaseState.FAILED.value, self.failed_in_run
        for row in rows:
            if row.state == failed:
                failed_in_run[row.run] = failed_in_run.get(row.run, 0) + 1
                self._offer(row)
            elif row.state == PhaseState.QUEUED:
                self._note_queued(row)
            if row.id in ends:
                self.linked[row.id] = row

    def _note_queued(self, row: PhaseRow) -> None:
        queued = FirstQueued(row.place, row.id, row.phase_id)
        self.first_queued[row.run] = min(queued, self.first_queued.get(row.run, queued))
        if self._allow_queued:
            self._offer(row)

    def _offer(self, row: PhaseRow) -> None:
        if row.run in self._runs and (not self._phases or row.id in self._phases):
            self.candidates.append(row)


def _in_scope(run: RunFacts, scope: Scope) -> bool:
    return not scope.run_ids or run.run_id in scope.run_ids
