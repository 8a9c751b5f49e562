"""Dependencies in a plan: the phases that wait, their prerequisites, and the way between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from drain.policy.reasons import ExclusionReason
from drain.policy.selection.exclusion import Exclusion, RowRules
from drain.policy.selection.graph import dependency_order
from drain.policy.selection.rows import PhaseRow, RunFacts
from drain.policy.states import SATISFIED, WORKING, PhaseState
from drain.policy.stopping.limits import QueuedPolicy

Needs = Mapping[int, Collection[int]]
"""Phase → what it depends on."""


class Waits:
    """Verdicts on the phases that edges touch, prerequisites before dependents.

    `rows` holds every phase at an end of an edge that is not complete or skipped; `candidates`
    the ids among them that this drain may select.
    """

    def __init__(
        self,
        needs: Needs,
        rows: Mapping[int, PhaseRow],
        runs: Mapping[int, RunFacts],
        candidates: Collection[int],
        policy: QueuedPolicy,
    ) -> None:
        self._rows = rows
        self._runs = runs
        self._candidates = candidates
        self._open = {
            phase: [need for need in found if self._holds_back(need, policy)]
            for phase, found in needs.items()
        }
        self._order = dependency_order(needs)
        self._queued_root: dict[int, PhaseRow] = {}
        self._excluded: dict[int, Exclusion] = {}

    def judge(self, rules: RowRules) -> tuple[dict[int, Exclusion], Needs]:
        """Return the exclusions by candidate, and for planned ones the phases that must come before them."""
        for phase in self._order:
            self._find_queued_root(phase)
            if phase in self._candidates:
                self._judge_one(self._rows[phase], rules)
        return self._excluded, {
            phase: found
            for phase, found in self._open.items()
            if found and phase in self._candidates and phase not in self._excluded
        }

    def _holds_back(self, need: int, policy: QueuedPolicy) -> bool:
        row = self._rows.get(need)
        if row is None or row.state in SATISFIED:
            return False
        return row.state != PhaseState.QUEUED or policy is not QueuedPolicy.IGNORE

    def _find_queued_root(self, phase: int) -> None:
        for need in self._open.get(phase, ()):
            row = self._rows[need]
            failed = row.state == PhaseState.FAILED
            root = self._queued_root.get(need) if failed else row
            if root is not None:
                self._queued_root[phase] = root
                return

    def _judge_one(self, row: PhaseRow, rules: RowRules) -> None:
        reason = rules.before_waits(row) or self._wait(row) or rules.after_waits(row)
        if reason is not None:
            self._excluded[row.id] = reason

    def _wait(self, row: PhaseRow) -> Exclusion | None:
        root = self._queued_root.get(row.id)
        if root is not None:
            doing = "working" if root.state in WORKING else "queued"
            return Exclusion(
                ExclusionReason.WAITS_FOR_QUEUED, f"waits for {self._name(root, row)} ({doing})"
            )
        waits = [self._failed_wait(row, need) for need in self._open.get(row.id, ())]
        return min((wait for wait in waits if wait), key=_queued_first, default=None)

    def _failed_wait(self, row: PhaseRow, need: int) -> Exclusion | None:
        if need not in self._candidates:
            why, reason = "failed, outside this drain", ExclusionReason.WAITS_FOR_DEPENDENCY
        elif need in self._excluded:
            blocked = self._excluded[need].reason
            why, reason = f"failed, not drained: {blocked}", _inherited(blocked)
        else:
            return None
        return Exclusion(reason, f"waits for {self._name(self._rows[need], row)} ({why})")

    def _name(self, row: PhaseRow, seen_from: PhaseRow) -> str:
        if row.run == seen_from.run:
            return row.phase_id
        return f"{self._runs[row.run].run_id} / {row.phase_id}"


def _inherited(blocked: ExclusionReason) -> ExclusionReason:
    if blocked is ExclusionReason.WAITS_FOR_QUEUED:
        return blocked
    return ExclusionReason.WAITS_FOR_DEPENDENCY


def _queued_first(wait: Exclusion) -> bool:
    """Return a key that sorts waits for queued phases before others."""
    return wait.reason is not ExclusionReason.WAITS_FOR_QUEUED
