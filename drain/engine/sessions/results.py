"""The result of a session, in the words of the command line's contract."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from drain.db.prepared import rows
from drain.models import Candidate, DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES, CandidateStatus

_COUNTED = (
    "complete",
    "failed",
    "timeouts",
    "retryable",
    "skipped",
    "lost",
    "cancelled",
    "interrupted",
    "diverted",
    "telemetry_events",
    "attempt_seconds",
)


_SUMS = f"""
SELECT {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _COUNTED)},
    coalesce(sum(waiting), 0)::int AS waiting, coalesce(max(timeouts), 0) AS most_timeouts,
    (SELECT count(*) FROM drain_candidate
     WHERE session_id = %(session)s::bigint AND status = 'running')::int AS running,
    (SELECT count(*) FROM drain_candidate
     WHERE session_id = %(session)s::bigint AND status = 'done')::int AS phases,
    (SELECT count(*) FROM drain_sessionfingerprint
     WHERE session_id = %(session)s::bigint AND run_pk = 0)::int AS causes
FROM drain_sessionrun WHERE session_id = %(session)s::bigint
"""  # noqa: S608 - our own names


def session_counts(session_pk: int) -> dict[str, Any]:
    """Sums over the session's runs, exact while it drains. `failed` includes timeouts, not lost.

    `processed` counts attempts, `phases` the phases that have had their last one: a phase that is offered
    again has more attempts than one. `running` and `waiting` are phases of the plan, `most_timeouts` those
    of one run, `causes` the fingerprints that failures had.
    """
    (sums,) = rows(_SUMS, {"session": session_pk})
    names = ("complete", "failed", "retryable", "skipped", "lost", "cancelled")
    sums["processed"] = sum(sums[name] for name in names)
    return sums


def dropped_from_plan(session_pk: int) -> dict[str, int]:
    """Phases that were selected and then dropped while it drained, by reason."""
    dropped = Candidate.objects.filter(
        session=session_pk, status=CandidateStatus.EXCLUDED, planned_position__isnull=False
    )
    counts = dropped.values_list("reason").annotate(count=Count("id"))
    return dict(counts.order_by("-count", "reason"))


def session_result(session: DrainSession) -> dict[str, Any]:
    """The object that `drain --json` prints: `phases` had their last attempt, `processed` attempts ended."""
    counts = session_counts(session.pk)
    excluded = (
        Candidate.objects.filter(session=session, status=CandidateStatus.EXCLUDED)
        .values_list("reason")
        .annotate(Count("id"))
    )
    live = session.state in LIVE_SESSION_STATES
    return {
        "session": session.pk,
        "state": session.state,
        "stop_reason": session.stop_reason or None,
        "selected": session.selected,
        "phases": counts["phases"],
        "processed": counts["processed"],
        **{name: counts[name] for name in ("complete", "failed", "retryable", "timeouts")},
        **{
            name: counts[name]
            for name in ("skipped", "lost", "diverted", "cancelled", "interrupted")
        },
        "telemetry_events": counts["telemetry_events"],
        "excluded": dict(excluded.order_by("reason")),
        "before": session.before,
        "after": {} if live else session.after,
    }
