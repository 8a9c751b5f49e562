"""Queries of the session page: a fixed number, each bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from drain.db.sql import rows
from drain.engine.sessions.results import dropped_from_plan
from drain.evidence.fixes.scope import fixes_of
from drain.models import Attempt, Candidate, DrainSession, FixMarker, Source
from drain.models.vocabulary import CandidateStatus, RunTier
from drain.policy.secrets import masked
from drain.policy.stopping.limits import DEFAULT_PHASE_TIMEOUT_SECONDS
from drain.policy.words import why_ended

RESULTS = 25
FIXES = 20
RUNNING = 12
VERDICTS = 10
PLANNED = 50
TAIL_LINES = 3

# What the lists show: a phase and a run have long texts besides.
_NAMED = ("phase__phase_id", "run__run_id")
_PLAN = ("planned_position", "why", "attempts", "outcome", "status", "reason")


@dataclass(frozen=True, slots=True)
class Results:
    """One page of ended attempts, newest first; cursors are attempt numbers, 0 for none."""

    rows: Sequence[dict[str, Any]]
    older: int
    newer: int


def results(session: int, before: int | None, after: int | None) -> Results:
    """Return ended attempts of a session below the number `before`, or above `after`."""
    ended = Attempt.objects.filter(session=session, finished_at__isnull=False)
    if after is not None:
        page = _shown(ended.filter(pk__gt=after).order_by("pk"))
        more, page = len(page) > RESULTS, page[:RESULTS][::-1]
        return Results(page, page[-1]["pk"] if page else 0, page[0]["pk"] if more else 0)
    page = _shown((ended.filter(pk__lt=before) if before else ended).order_by("-pk"))
    more, page = len(page) > RESULTS, page[:RESULTS]
    newer = page[0]["pk"] if page and before is not None else 0
    return Results(page, page[-1]["pk"] if more else 0, newer)


def _shown(ended: QuerySet[Attempt]) -> list[dict[str, Any]]:
    """Return one more row than a page has, each with the line that says why it ended so."""
    found = ended.values(
        "pk", "outcome", "telemetry_count", "finished_at", "error", "zero_yield_reason",
        phase_pk=F("phase"), phase_name=F("phase__phase_id"), run_name=F("run__run_id"),
        took=F("finished_at") - F("started_at"),
    )  # fmt: skip
    return [
        row | {"message": why_ended(row["outcome"] or "", row["error"], row["zero_yield_reason"])}
        for row in found[: RESULTS + 1]
    ]


def running_attempts(session: int, now: datetime) -> list[dict[str, Any]]:
    """Return the open attempts that run longest, each with the last lines it printed."""
    found = Attempt.objects.filter(session=session, finished_at__isnull=True).values(
        "pk", "started_at", "timeout_seconds", "tail", "progress_percent", "progress_message",
        phase_pk=F("phase"), phase_name=F("phase__phase_id"), run_name=F("run__run_id"),
        state=Coalesce(NullIf("reported_state", Value("")), "phase__state"),
    )  # fmt: skip
    return [
        row
        | {
            "seconds": (now - row["started_at"]).total_seconds(),
            "timeout": row["timeout_seconds"] or DEFAULT_PHASE_TIMEOUT_SECONDS,
            "tail": [line[:200] for line in row["tail"].splitlines()[-TAIL_LINES:]],
        }
        for row in found.order_by("started_at")[:RUNNING]
    ]


@dataclass(frozen=True, slots=True)
class PlanState:
    """The states of the plan's phases, and every reason why one is not drained."""

    waiting: int
    running: int
    left: int
    """Left the plan after it was made, because a rule tripped."""
    reasons: list[tuple[str, int]]


def plan_state(session: DrainSession, counts: dict[str, Any]) -> PlanState:
    """Over the planned phases only, from the session's counts; what the plan left out is in its ledger."""
    reasons, left = Counter(session.ledger), Counter[str]()
    # The rows of the whole plan are only read when some of it has left.
    if counts["waiting"] + counts["running"] + counts["phases"] != session.selected:
        left = Counter(dropped_from_plan(session.pk))
    reasons.update(left)
    return PlanState(
        waiting=counts["waiting"],
        running=counts["running"],
        left=left.total(),
        reasons=reasons.most_common(),
    )


def verdicts(session: int) -> list[dict[str, Any]]:
    """Runs of the session with their verdict, stopped ones first: one more than are shown, if any."""
    # By hand: how many planned phases of each run were not run is counted through the index of candidates,
    # run by run.
    found = rows(
        """
        WITH s AS MATERIALIZED (
            SELECT * FROM drain_sessionrun WHERE id = ANY(ARRAY(
                SELECT id FROM drain_sessionrun WHERE session_id = %(session)s::bigint
                ORDER BY stop = '', failed + lost DESC, head_position LIMIT %(limit)s::int
            ))
        )
        SELECT r.id AS run_pk, r.run_id, s.tier, s.stop, s.stop_detail, s.complete, s.failed, s.lost, s.waiting,
            (SELECT count(*) FROM drain_phase p CROSS JOIN LATERAL (
                SELECT planned_position, status FROM drain_candidate
                WHERE session_id = s.session_id AND phase_id = p.id OFFSET 0
            ) c WHERE p.run_id = s.run_id AND c.planned_position IS NOT NULL
                AND c.status IN ('waiting', 'excluded'))::int AS not_run,
            s.complete = 0 AND s.failed > 0 AND EXISTS (
                SELECT FROM drain_phase p JOIN drain_candidate c ON c.session_id = s.session_id AND c.phase_id = p.id
                JOIN drain_attempt a ON a.phase_id = p.id AND a.session_id = s.session_id
                WHERE p.run_id = s.run_id AND a.fingerprint <> '' AND a.fingerprint = c.fingerprint
            ) AS as_before
        FROM s JOIN drain_run r ON r.id = s.run_id
        ORDER BY s.stop = '', s.failed + s.lost DESC, s.head_position
        """,
        {"session": session, "limit": VERDICTS + 1},
    )
    return [row | {"verdict": _verdict(row)} for row in found]


def _verdict(row: dict[str, Any]) -> str:
    """A run goes on after a failure new to its drain; nothing promises well where a majority failed."""
    if row["stop"]:
        return "stopped"
    if row["tier"] == RunTier.PROMISING and row["failed"] + row["lost"] > row["complete"]:
        if row["complete"]:
            return "sample_completed"
        # New to the drain, but not to a phase that was planned with it.
        return "failed_as_before" if row["as_before"] else "another_failure"
    return str(row["tier"])


def plan_against_actual(session: int) -> list[Candidate]:
    """The first phases of the frozen plan, with what became of each."""
    planned = Candidate.objects.filter(session=session, planned_position__isnull=False)
    planned = planned.select_related("phase", "run").only(*_NAMED, *_PLAN)
    return list(planned.order_by("planned_position")[:PLANNED])


def excluded(session: int, reason: str, after: int) -> list[Candidate]:
    """One page of the phases behind one reason, in the order of their numbers."""
    found = Candidate.objects.filter(session=session, reason=reason, pk__gt=after)
    # The keys first, which the index alone gives in order; a drain of many leaves out tens of thousands.
    keys = found.filter(status=CandidateStatus.EXCLUDED).order_by("pk").values("pk")
    page = Candidate.objects.filter(pk__in=keys[: PLANNED + 1])
    return list(page.select_related("phase", "run").defer("phase__params").order_by("pk"))


def fix_before(session: DrainSession) -> FixMarker | None:
    """The latest fix that was in when the drain started, of those that concern it."""
    start = session.started_at or session.created_at
    found = fixes_of(session, FIXES)
    return next((marker for marker in found if marker.applied_at < start), None)


def sources(session: int) -> list[dict[str, Any]]:
    """The databases that the session's runs come from, as of their last import; passwords masked."""
    found = Source.objects.filter(runs__session_runs__session=session).annotate(n=Count("pk"))
    return [
        {
            "name": source.name,
            "place": _place(source.identity, source.url),
            "rows": source.identity.get("rows", {}),
            "workspace": source.workspace,
            "runs": source.n,
        }
        for source in found.order_by("-n")[:3]
    ]


def _place(identity: dict[str, Any], url: str) -> str:
    if identity.get("file"):
        return str(identity["file"])
    if identity.get("host"):
        return f"{identity['host']}:{identity.get('port', 5432)}/{identity.get('database', '')}"
    return masked(identity.get("url") or url)
