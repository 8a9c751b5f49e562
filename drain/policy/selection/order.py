"""The order of a plan: samples first, then by cause, with prerequisites before dependents."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

from drain.policy.reasons import SampleVerdict
from drain.policy.selection.rows import PhaseRow, RunFacts
from drain.policy.selection.waiting import Needs


class Tier(IntEnum):
    """The groups of a plan, in order."""

    SAMPLE = 0
    """The first phase of a run that has no verdict yet."""
    REST = 1
    """The other phases of such runs, and of promising ones."""
    LAST = 2
    """Runs whose sample failed with a known cause."""


Keyed = tuple[int, int, int, int, int, PhaseRow]
"""Tier, category rank, failed phases of the run, place, id, row: the id makes the order total.

Flat and of plain integers, because sorting a million of them compares little else.
"""

_ID: Final = 4
"""Place of the phase's id in a `Keyed`."""

OTHER_RANK = 4

CATEGORY_RANKS = {
    "": 0,
    "unknown": 0,
    "import": 1,
    "collection": 1,
    "deliverable": 2,
    "patch": 3,
    "no_op": 3,
    "no-op": 3,
    "noop": 3,
    "manifest": 3,
    "timeout": 5,
}
"""Causes that a fix most likely cured come first; timeouts cost the most and come last."""


def category_rank(category: str) -> int:
    """The place of a category in the order, 0 first; what is not listed is “other”."""
    return CATEGORY_RANKS.get(category, OTHER_RANK)


def drain_order(
    rows: Iterable[PhaseRow],
    runs: Mapping[int, RunFacts],
    failed_in_run: Mapping[int, int],
    needs: Needs,
) -> list[tuple[int, PhaseRow]]:
    """All selectable rows in order, each with the value of its `Tier`.

    `needs` names, for selectable rows, the selectable rows that must come before.
    """
    keyed = _keyed(rows, runs, failed_in_run)
    keyed.sort()
    ordered = _prerequisites_first(keyed, needs) if needs else keyed
    return _samples_first(ordered, runs, needs)


def _keyed(
    rows: Iterable[PhaseRow], runs: Mapping[int, RunFacts], failed_in_run: Mapping[int, int]
) -> list[Keyed]:
    keyed: list[Keyed] = []
    in_order: dict[int, list[PhaseRow]] = {}
    base = {
        pk: (_base_tier(facts), failed_in_run.get(pk, 0), facts.sequential)
        for pk, facts in runs.items()
    }
    for row in rows:
        tier, failed, sequential = base[row.run]
        if sequential:
            in_order.setdefault(row.run, []).append(row)
        else:
            rank = CATEGORY_RANKS.get(row.category, OTHER_RANK)
            keyed.append((tier, rank, failed, row.place, row.id, row))
    for run, members in in_order.items():
        tier, failed, _ = base[run]
        _key_sequential(members, tier, failed, keyed)
    return keyed


def _key_sequential(members: list[PhaseRow], tier: int, failed: int, keyed: list[Keyed]) -> None:
    # A phase cannot run before those ahead of it, so it carries the latest rank among them: the
    # run keeps the order of its indexes and still takes its place among other runs by cause.
    members.sort(key=_by_place)
    rank = 0
    for row in members:
        rank = max(rank, category_rank(row.category))
        keyed.append((tier, rank, failed, row.place, row.id, row))


def _by_place(row: PhaseRow) -> tuple[int, int]:
    return row.place, row.id


def _base_tier(facts: RunFacts) -> int:
    last = facts.verdict is SampleVerdict.DEPRIORITISED
    return Tier.LAST.value if last else Tier.REST.value


def _prerequisites_first(keyed: list[Keyed], needs: Needs) -> list[Keyed]:
    """Hold a dependent back until the last of its prerequisites is placed; else keep the order."""
    missing = {phase: set(found) for phase, found in needs.items()}
    dependents: dict[int, list[int]] = {}
    for phase, found in needs.items():
        for need in found:
            dependents.setdefault(need, []).append(phase)
    held: dict[int, Keyed] = {}
    placed: list[Keyed] = []
    for item in keyed:
        if missing.get(item[_ID]):
            held[item[_ID]] = item
            continue
        ready = [item]
        while ready:
            first = heapq.heappop(ready)
            placed.append(first)
            for phase in dependents.get(first[_ID], ()):
                missing[phase].discard(first[_ID])
                if not missing[phase] and phase in held:
                    heapq.heappush(ready, held.pop(phase))
    return placed


def _samples_first(
    ordered: list[Keyed], runs: Mapping[int, RunFacts], needs: Needs
) -> list[tuple[int, PhaseRow]]:
    """Pull the first phase of each unsampled run to the front, unless it must wait for others."""
    unsampled = {pk for pk, facts in runs.items() if facts.verdict is None}
    samples: list[tuple[int, PhaseRow]] = []
    rest: list[tuple[int, PhaseRow]] = []
    placed: set[int] = set()
    for tier, _, _, _, phase, row in ordered:
        if row.run in unsampled:
            unsampled.discard(row.run)
            if placed.issuperset(needs.get(phase, ())):
                placed.add(phase)
                samples.append((Tier.SAMPLE.value, row))
                continue
        rest.append((tier, row))
    return samples + rest
