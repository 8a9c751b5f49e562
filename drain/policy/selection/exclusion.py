"""The rules that keep a failed phase out of a plan, apart from dependencies and the batch.

Facts about runs are worked out once per run, so that a row costs a few comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from drain.policy.reasons import ExclusionReason, RunStop
from drain.policy.selection.place import place_words
from drain.policy.selection.rows import PhaseRow, RunFacts, Scope
from drain.policy.states import PhaseState
from drain.policy.stopping.limits import Limits, QueuedPolicy
from drain.policy.words import counted


class Exclusion(NamedTuple):
    """A reason and the detail that names what stands in the way."""

    reason: ExclusionReason
    detail: str


class FirstQueued(NamedTuple):
    """The queued phase with the first place of a run; compares by place, then id."""

    place: int
    id: int
    phase_id: str


@dataclass(frozen=True, slots=True)
class RunRule:
    """The consequence of one run's facts for its failed phases."""

    set_aside: Exclusion | None
    """Skipped by prefix or on hold."""
    no_executor: Exclusion | None
    """Nothing could run its phases, whoever overrules what."""
    queued: Exclusion | None
    """Left alone because of its queued phase."""
    waits_above: float
    """Failed phases with a place above this wait for the queued phase."""
    wait: Exclusion
    stopped: Exclusion | None
    """Stopped earlier in this session."""

    @property
    def is_open(self) -> bool:
        """True if nothing about the run keeps its phases out."""
        barred = (self.set_aside, self.no_executor, self.queued, self.stopped)
        return all(each is None for each in barred) and self.waits_above == math.inf


class RowRules:
    """The rules of one plan, ready to be asked about rows."""

    def __init__(
        self,
        scope: Scope,
        limits: Limits,
        run_rules: Mapping[int, RunRule],
        stopped_fingerprints: Collection[str],
        snoozed: Mapping[str, str],
    ) -> None:
        self._scope = scope
        self._max_attempts = limits.max_attempts_per_phase
        self._limits = limits
        self._lifetime = limits.max_lifetime_attempts is not None
        self._run_rules = run_rules
        self._stopped = stopped_fingerprints
        self._snoozed = snoozed
        by_cause = scope.fingerprints or scope.categories or stopped_fingerprints or snoozed
        open_runs = () if by_cause else (pk for pk, rule in run_rules.items() if rule.is_open)
        self._open_runs = frozenset(open_runs)

    def unlinked(self, row: PhaseRow) -> Exclusion | None:
        """The first reason against a phase that no edge touches; most pass at once."""
        fresh = not (row.leased or self._lifetime) and row.session_attempts < self._max_attempts
        if fresh and row.run in self._open_runs:
            return None
        return self.before_waits(row) or self.after_waits(row)

    def before_waits(self, row: PhaseRow) -> Exclusion | None:
        """The first reason that comes before those of dependencies; None if there is none."""
        if row.leased:
            return _LEASED
        if self._scope.force:
            return self._run_rules[row.run].no_executor
        return self._filtered(row) or self._set_aside(row)

    def after_waits(self, row: PhaseRow) -> Exclusion | None:
        """The first reason that comes after those of dependencies; None if there is none."""
        if self._scope.force:
            return None
        if row.session_attempts >= self._max_attempts:
            return Exclusion(
                ExclusionReason.ATTEMPTS_EXHAUSTED,
                f"{row.session_attempts} of {counted(self._max_attempts, 'attempt')} used",
            )
        if self._lifetime:
            used = lifetime_used(self._limits, row.attempts, row.source_attempts)
            if used:
                return Exclusion(ExclusionReason.LIFETIME_EXHAUSTED, used)
        if self._stopped:
            key = row.repeat_key or row.fingerprint
            if key in self._stopped:
                return Exclusion(ExclusionReason.FINGERPRINT_STOPPED, f"fingerprint {key}")
        return self._run_rules[row.run].stopped

    def _filtered(self, row: PhaseRow) -> Exclusion | None:
        scope = self._scope
        if scope.fingerprints and row.fingerprint not in scope.fingerprints:
            found = f"fingerprint {row.fingerprint}" if row.fingerprint else "no fingerprint"
            return Exclusion(ExclusionReason.FILTERED_OUT, found)
        if scope.categories and row.category not in scope.categories:
            return Exclusion(ExclusionReason.FILTERED_OUT, f"category {row.category or 'unknown'}")
        return None

    def _set_aside(self, row: PhaseRow) -> Exclusion | None:
        rule = self._run_rules[row.run]
        barred = rule.set_aside or rule.no_executor
        if barred is not None:
            return barred
        if row.fingerprint in self._snoozed:
            return _snooze(row.fingerprint, self._snoozed[row.fingerprint])
        if rule.queued is not None and row.state != PhaseState.QUEUED:
            return rule.queued
        return rule.wait if row.place > rule.waits_above else None


def lifetime_used(limits: Limits, attempts: int, source_attempts: int) -> str:
    """Return the detail "attempts used of attempts allowed" of a phase that has used all of them; else ""."""
    most = limits.max_lifetime_attempts
    tries = attempts + (source_attempts if limits.count_source_attempts else 0)
    if most is None or tries < most:
        return ""
    by_source = f", {source_attempts} by its source" if source_attempts else ""
    how = "counted" if limits.count_source_attempts else "not counted"
    return f"{tries} of {counted(most, 'attempt')} over all drains{f'{by_source} ({how})' if by_source else ''}"


def _snooze(key: str, snoozed: str) -> Exclusion:
    possible = f", which may be the snoozed {snoozed}" if snoozed != key else ""
    return Exclusion(ExclusionReason.FINGERPRINT_SNOOZED, f"fingerprint {key}{possible}")


def run_rule(
    facts: RunFacts, queued: FirstQueued | None, scope: Scope, policy: QueuedPolicy
) -> RunRule:
    """Work out one run's rule from its facts and its first queued phase."""
    waits_above, wait = _wait(facts, queued, policy)
    return RunRule(
        set_aside=_run_set_aside(facts, scope),
        no_executor=None if facts.executable else _NO_EXECUTOR,
        queued=_queued(queued, policy),
        waits_above=waits_above,
        wait=wait,
        stopped=_stopped(facts.stop),
    )


def _run_set_aside(facts: RunFacts, scope: Scope) -> Exclusion | None:
    for prefix in scope.skip_run_prefixes:
        if facts.run_id.startswith(prefix):
            return Exclusion(ExclusionReason.PREFIX_EXCLUDED, f"prefix {prefix}")
    return Exclusion(ExclusionReason.RUN_HELD, facts.hold) if facts.hold else None


def _queued(queued: FirstQueued | None, policy: QueuedPolicy) -> Exclusion | None:
    if queued is None or policy is not QueuedPolicy.RUN:
        return None
    return Exclusion(ExclusionReason.QUEUED_IN_RUN, f"{queued.phase_id} is queued")


def _wait(
    facts: RunFacts, queued: FirstQueued | None, policy: QueuedPolicy
) -> tuple[float, Exclusion]:
    if queued is None or policy is QueuedPolicy.IGNORE:
        return math.inf, _NO_WAIT
    if facts.autopack:
        # Autopack's executor takes the earliest queued phase of the run, so asking it for a later
        # one would run this one instead.
        detail = (
            f"Autopack would run the queued {queued.phase_id} ({place_words(queued.place)}) first"
        )
    elif policy is QueuedPolicy.DEPENDENTS and facts.sequential:
        detail = f"comes after the queued {queued.phase_id} ({place_words(queued.place)})"
    else:
        return math.inf, _NO_WAIT
    return queued.place, Exclusion(ExclusionReason.WAITS_FOR_QUEUED, detail)


def _stopped(stop: RunStop | None) -> Exclusion | None:
    return None if stop is None else Exclusion(stop.exclusion, stop.exclusion.sentence)


_LEASED = Exclusion(ExclusionReason.LEASED, "another drain holds it")
_NO_EXECUTOR = Exclusion(
    ExclusionReason.NO_EXECUTOR, "its run names no executor and there is no default one"
)
_NO_WAIT = Exclusion(ExclusionReason.WAITS_FOR_QUEUED, "")
