"""Compact facts that a plan is made from.

Rows are tuples because a plan reads a million of them; `PhaseRow._make` takes a cursor's row as
it is, as long as the columns come in this order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Self

from drain.policy.reasons import RunStop, SampleVerdict
from drain.policy.stopping.limits import LimitError


class PhaseRow(NamedTuple):
    """One phase: failed, queued or working, in scope or named by a dependency.

    Phases that are complete or skipped may be left out: an edge to an absent phase is satisfied.
    """

    id: int
    run: int
    """Key of the run in the mapping of `RunFacts`."""
    place: int
    """The place in its run, see `place_of`."""
    state: str
    """A value of `PhaseState`."""
    category: str
    """The category of its last failure; empty means unknown."""
    fingerprint: str
    """Key of its last failure after merges; empty if there is none."""
    leased: bool
    """Another session has reserved it or holds a lease that has not ended."""
    session_attempts: int
    """Attempts in this session that count; 0 for a new session."""
    phase_id: str
    repeat_key: str = ""
    """Key at the session's key level, if that differs from `fingerprint`."""
    attempts: int = 0
    """Attempts that count, over all sessions."""
    source_attempts: int = 0
    """The source's own count."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts about one run that the policy needs."""

    pk: int
    run_id: str
    sequential: bool = False
    """Its phases run in the order of their places, one at a time; no edges follow from it."""
    autopack: bool = False
    """Its executor takes the earliest queued phase, whatever it is asked for."""
    hold: str = ""
    """Sentence about the hold on the run or its prefix; empty if there is none."""
    executable: bool = True
    """It names an executor, or there is a default one."""
    max_parallel: int = 1
    stop: RunStop | None = None
    """Set when this session has stopped the run (a session that goes on)."""
    verdict: SampleVerdict | None = None
    """Verdict on the run's sample in this session; None if it had none yet."""


class Edge(NamedTuple):
    """`phase` may not run before `needs` is complete or skipped."""

    phase: int
    needs: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The runs, phases and fingerprints that a drain was asked for.

    `run_ids` and `phases` bound the scope: failed phases outside are not in the ledger. The other
    filters exclude inside it. An empty collection filters nothing.
    """

    run_ids: Collection[str] = frozenset()
    phases: Collection[int] = frozenset()
    skip_run_prefixes: tuple[str, ...] = ()
    fingerprints: Collection[str] = frozenset()
    categories: Collection[str] = frozenset()
    allow_queued: bool = False
    """The phases named in `phases` are drained even when queued (one phase asked for by name)."""
    force: bool = False
    """Somebody overrules holds, snoozes, waits and stops for the named phases; never leases."""

    def validate(self) -> Self:
        """Return self, or raise LimitError for a filter that cannot be meant."""
        if any(not prefix for prefix in self.skip_run_prefixes):
            raise LimitError(
                "--skip-run-prefix is empty and would skip every run: name the prefix, "
                "or leave it out."
            )
        if any(not key for key in self.fingerprints):
            raise LimitError("--fingerprint is empty: name a key, or leave it out.")
        return self
