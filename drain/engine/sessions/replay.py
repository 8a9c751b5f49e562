"""A past session's attempts, as the policy's what-if wants them."""

from __future__ import annotations

from collections import Counter

from drain.engine.attempts.judge import judgement_key
from drain.models import Attempt, Candidate, DrainSession, Fingerprint
from drain.policy.states import UNCOUNTED, Outcome
from drain.policy.stopping.limits import KeyLevel, Limits
from drain.policy.stopping.tallies import Ended
from drain.policy.stopping.whatif import Past, WhatIf, what_if


def replay(session: DrainSession, limits: Limits) -> WhatIf:
    """What the session would have come to under these limits; reads only."""
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
    keys = {attempt.fingerprint for attempt in attempts if attempt.fingerprint}
    coarse = dict(Fingerprint.objects.filter(key__in=keys).values_list("key", "coarse"))
    counted: Counter[int] = Counter()
    return [_past(attempt, level, coarse, plan, counted) for attempt in attempts]


def _past(
    attempt: Attempt,
    level: KeyLevel,
    coarse: dict[str, str],
    plan: dict[int, tuple[int | None, str]],
    counted: Counter[int],
) -> Past:
    outcome = Outcome(str(attempt.outcome))
    counted[attempt.phase_id] += outcome not in UNCOUNTED
    key = attempt.fingerprint
    finished = attempt.finished_at or attempt.started_at
    position, cause = plan.get(attempt.phase_id, (0, ""))
    ended = Ended(
        outcome=outcome,
        repeat_key=judgement_key(level.value, key, coarse.get(key, key), attempt.fine or key),
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
        cause,
    )
