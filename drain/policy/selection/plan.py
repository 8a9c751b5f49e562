"""One decision over a backlog: what is drained and where, and why the rest is not.

Every failed phase in scope ends in exactly one line of the ledger, so that
`len(plan.selected) + len(plan.excluded) == plan.total` always holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from drain.policy.reasons import ExclusionReason
from drain.policy.selection.backlog import Backlog
from drain.policy.selection.collector import collector_resting
from drain.policy.selection.exclusion import Exclusion, RowRules, run_rule
from drain.policy.selection.graph import needs_by_phase
from drain.policy.selection.order import Tier, drain_order
from drain.policy.selection.rows import PhaseRow, RunFacts, Scope
from drain.policy.selection.waiting import Waits
from drain.policy.stopping.limits import Limits


class Planned(NamedTuple):
    """A selected phase."""

    id: int
    run: int
    phase_id: str
    position: int
    """From 1."""
    tier: Tier
    category: str
    fingerprint: str

    @property
    def sample(self) -> bool:
        """True if it is its run's sample, drained before the rest of the run."""
        return self.tier is Tier.SAMPLE

    @property
    def why(self) -> str:
        """The reason for its place in the plan, for people."""
        return f"{_TIER_WORDS[self.tier]}; category {self.category or 'unknown'}"


_TIER_WORDS = {
    Tier.SAMPLE: "sample of its run",
    Tier.REST: "after the samples",
    Tier.LAST: "last, its run's sample failed with a known fingerprint",
}


class Excluded(NamedTuple):
    """A failed phase in scope that is not drained."""

    id: int
    run: int
    phase_id: str
    reason: ExclusionReason
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The ledger: `selected` in order, `excluded` with one reason each."""

    total: int
    """Failed phases in scope."""
    selected: list[Planned]
    excluded: list[Excluded]

    @property
    def counts(self) -> dict[ExclusionReason, int]:
        """Excluded phases by reason, in the order of the rules, without zeros."""
        found = Counter(line.reason for line in self.excluded)
        return {reason: found[reason] for reason in ExclusionReason if found[reason]}


def make_plan(
    rows: Iterable[PhaseRow],
    runs: Mapping[int, RunFacts],
    edges: Iterable[tuple[int, int]],
    scope: Scope,
    limits: Limits,
    *,
    stopped_fingerprints: Collection[str] = frozenset(),
    snoozed: Mapping[str, str] | None = None,
) -> Plan:
    """Decide on every failed phase in scope; the order of `rows` does not matter for the result.

    `rows`: failed, queued and working phases of the runs in scope, and whatever else an edge
    names; each once. `runs`: facts by key for every run among them. `edges`: (phase, needs) pairs.
    `stopped_fingerprints` are repeat keys; `snoozed`: fingerprint → the snoozed one that it is or may be.
    Raises CycleError when edges run in a circle. Time n log n in rows, linear in edges.
    """
    with collector_resting():
        return _decide(rows, runs, edges, scope, limits, stopped_fingerprints, snoozed or {})


def _decide(
    rows: Iterable[PhaseRow],
    runs: Mapping[int, RunFacts],
    edges: Iterable[tuple[int, int]],
    scope: Scope,
    limits: Limits,
    stopped_fingerprints: Collection[str],
    snoozed: Mapping[str, str],
) -> Plan:
    needs = {} if scope.force else needs_by_phase(edges)
    backlog = Backlog(rows, runs, scope, needs)
    queued, policy = backlog.first_queued, limits.queued_policy
    run_rules = {pk: run_rule(run, queued.get(pk), scope, policy) for pk, run in runs.items()}
    rules = RowRules(scope, limits, run_rules, stopped_fingerprints, snoozed)
    waits = Waits(needs, backlog.linked, runs, backlog.linked_candidates, policy)
    reasons, before = waits.judge(rules)
    free, excluded = _sift(backlog, rules, reasons)
    ordered = drain_order(free, runs, backlog.failed_in_run, before)
    return _ledger(ordered, excluded, limits.batch_size, len(backlog.candidates))


def _sift(
    backlog: Backlog, rules: RowRules, reasons: Mapping[int, Exclusion]
) -> tuple[list[PhaseRow], list[Excluded]]:
    """Part the candidates into those that may be drained and those that may not."""
    free: list[PhaseRow] = []
    excluded: list[Excluded] = []
    linked = backlog.linked_candidates
    for row in backlog.candidates:
        found = reasons.get(row.id) if row.id in linked else rules.unlinked(row)
        if found is None:
            free.append(row)
        else:
            excluded.append(Excluded(row.id, row.run, row.phase_id, *found))
    return free, excluded


def _ledger(
    ordered: list[tuple[int, PhaseRow]], excluded: list[Excluded], batch_size: int, total: int
) -> Plan:
    selected = [
        Planned(row.id, row.run, row.phase_id, place, Tier(tier), row.category, row.fingerprint)
        for place, (tier, row) in enumerate(ordered[:batch_size], 1)
    ]
    beyond = dict.fromkeys(map(int, Tier), ExclusionReason.BEYOND_BATCH)
    beyond[Tier.LAST] = ExclusionReason.RUN_DEPRIORITISED
    full = f"the batch of {batch_size:,} was full"
    # Of a large backlog most lines are these: made as psycopg's rows are, without a call of Python for each.
    make = partial(tuple.__new__, Excluded)
    excluded += [
        make((row.id, row.run, row.phase_id, beyond[tier], full))
        for tier, row in ordered[batch_size:]
    ]
    return Plan(total, selected, excluded)
