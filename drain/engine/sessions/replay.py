"""A past session's attempts, as the policy's what-if wants them."""

from __future__ import annotations

from collections import Counter, defaultdict

from drain.engine.attempts.judge import judgement_key
from drain.evidence.fingerprints.aliases import resolve_keys
from drain.models import Attempt, Candidate, DrainSession, Fingerprint
from drain.policy.states import UNCOUNTED, Outcome
from drain.policy.stopping.limits import KeyLevel, Limits
from drain.policy.stopping.tallies import Ended
from drain.policy.stopping.whatif import Past, WhatIf, what_if


def replay(session: DrainSession, limits: Limits) -> WhatIf:
    """Return the session as it would have gone under these limits; reads only."""
    started = session.started_at or session.created_at
    return what_if(past_attempts(session, limits.key_level), limits, session.selected, started)


def past_attempts(session: DrainSession, level: KeyLevel) -> list[Past]:
    """Ended attempts of a session in the order in which they started."""
    planned = Candidate.objects.filter(session=session, planned_position__isnull=False)
    plan = {
        phase: (position, cause)
        for phase, position, cause in planned.values_list(
            "phase_id", "planned_position", "fingerprint"
        )
    }
    found = Attempt.objects.filter(session=session, finished_at__isnull=False)
    found = found.select_related("phase", "run").defer("log_inline", "error", "tail")
    attempts = list(found.order_by("started_at", "pk"))
    failures = _Failures(level, attempts, {cause for _, cause in plan.values()})
    counted: Counter[int] = Counter()
    return [_past(attempt, failures, plan, counted) for attempt in attempts]


class _Failures:
    """The failures of a session at a level, each with the others that may be it."""

    def __init__(self, level: KeyLevel, attempts: list[Attempt], causes: set[str]) -> None:
        self._level = level
        keys = {attempt.fingerprint for attempt in attempts} | causes
        found = Fingerprint.objects.filter(key__in=keys - {""})
        rows = found.values_list("key", "coarse", "headline", "place_known")
        self._rows = {row[0]: row for row in rows}
        self._alike: dict[str, dict[str, bool]] = defaultdict(dict)
        stands_for = resolve_keys(keys) if level is KeyLevel.KEY else {}
        self._merged: dict[str, set[str]] = defaultdict(set)
        for key, root in stands_for.items():
            self._merged[root].add(key)
        self._stands_for = stands_for
        for attempt in attempts:
            key, headline, known = self._at_level(attempt.fingerprint, attempt.fine)
            if headline:
                self._alike[headline][key] = known and self._alike[headline].get(key, True)

    def of(self, key: str, fine: str) -> tuple[str, tuple[str, ...]]:
        """The failure of a stored fingerprint, and what in the session may be it."""
        own, headline, known = self._at_level(key, fine)
        alike = self._alike[headline].items() if headline else ()
        kin = {other for other, sure in alike if other != own and not (known and sure)}
        kin |= self._merged.get(self._stands_for.get(own, own), set()) - {own}
        return own, tuple(sorted(kin))

    def _at_level(self, key: str, fine: str) -> tuple[str, str, bool]:
        _, coarse, headline, known = self._rows.get(key, (key, key, "", True))
        own = judgement_key(self._level.value, key, coarse, fine or key)
        return own, "" if self._level is KeyLevel.COARSE else headline, known


def _past(
    attempt: Attempt,
    failures: _Failures,
    plan: dict[int, tuple[int | None, str]],
    counted: Counter[int],
) -> Past:
    outcome = Outcome(str(attempt.outcome))
    counted[attempt.phase_id] += outcome not in UNCOUNTED
    finished = attempt.finished_at or attempt.started_at
    position, cause = plan.get(attempt.phase_id, (0, ""))
    repeat_key, kin = failures.of(attempt.fingerprint, attempt.fine)
    known = failures.of(cause, "")
    ended = Ended(
        outcome=outcome,
        repeat_key=repeat_key,
        kin=kin,
        telemetry=attempt.telemetry_count,
        position=position or 0,
        attempt=max(1, counted[attempt.phase_id]),
        run_id=attempt.run.run_id,
        phase_id=attempt.phase.phase_id,
        started_at=attempt.started_at,
        finished_at=finished,
    )
    return Past(
        attempt.run_id,
        attempt.phase_id,
        ended,
        attempt.started_at,
        finished,
        attempt.finish_number or 0,
        f"{attempt.run.source_id}/{attempt.run.executor_id}/{cause}",
        Ended(Outcome.FAILED, known[0], kin=known[1]) if cause else None,
    )
