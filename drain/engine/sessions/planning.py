"""From a scope and limits to a plan, and from a plan to a session with that plan frozen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from drain.engine.errors import EngineError, bounded
from drain.engine.sessions.backlog import read_backlog
from drain.engine.sessions.scope import SessionScope, merged_keys
from drain.evidence.rollups.fold import state_totals
from drain.models import DrainSession, Phase, SessionRun
from drain.models.audit import Person, Subject, record_audit
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import CandidateStatus, Origin, RunTier, SessionState
from drain.policy.selection.collector import collector_resting
from drain.policy.selection.drift import Drift, SeenPlan, drift
from drain.policy.selection.plan import Plan, Planned, make_plan
from drain.policy.stopping.limits import Limits


@dataclass(frozen=True, slots=True)
class DrainRequest:
    """A drain that somebody asked for."""

    scope: SessionScope
    limits: Limits
    actor: str
    origin: Origin
    note: str = ""
    inline: bool = False
    address: str = ""
    """The network address of the person, for the audit."""
    token: str = ""
    """The key of the API that asked, for the audit."""
    seen: SeenPlan | None = None
    """The only plan that may start: the one that a page showed. None for doors without a preview."""


class PlanChangedError(EngineError):
    """The plan is not the one that was seen, so nothing started; the message says what differs."""

    def __init__(self, changes: Drift) -> None:
        super().__init__(f"Nothing was started. {changes.sentence}")


def preview(scope: SessionScope, limits: Limits, now: datetime) -> Plan:
    """The plan that a session started now would freeze; writes nothing.

    Raises LimitError, CycleError or EngineError with a sentence for the person.
    """
    return preview_each(scope, [limits], now)[0]


def preview_each(scope: SessionScope, each: Sequence[Limits], now: datetime) -> list[Plan]:
    """The same for several limits over one reading of the backlog, to compare what they do."""
    for limits in each:
        limits.validate(now)
    merges = merged_keys()
    policy_scope = scope.resolve(merges)
    with collector_resting():
        found = read_backlog(scope.run_pks(), merges, now)
        return [
            make_plan(
                found.rows, found.runs, found.edges, policy_scope, limits, snoozed=found.snoozed
            )
            for limits in each
        ]


def create_session(asked: DrainRequest, now: datetime) -> DrainSession:
    """Freeze the plan of a new session: planned, or finished at once when nothing can be selected.

    Raises PlanChangedError where the plan that was seen is another one, and what `preview` raises.
    """
    bounded(asked.note, "The note")
    with transaction.atomic():
        plan = preview(asked.scope, asked.limits, now)
        _require_seen(asked.seen, plan)
        _require_drainable(asked.scope.phase, plan)
        session = _insert_session(asked, plan)
        _freeze(session, plan)
        _audit(session, asked)
        if not plan.selected:
            move_session(
                session.pk,
                expect=[SessionState.PLANNED],
                to=SessionState.FINISHED,
                why=MoveReason("finish", asked.actor, "nothing selected"),
                stop_reason="nothing_selected",
                after=session.before,
            )
    session.refresh_from_db()
    return session


def _require_seen(seen: SeenPlan | None, plan: Plan) -> None:
    if seen is None:
        return
    changes = drift(seen, [item.id for item in plan.selected])
    if changes.any:
        raise PlanChangedError(changes)


def _require_drainable(phase_pk: int | None, plan: Plan) -> None:
    """A phase that was asked for by name and is in no plan makes no empty drain."""
    if phase_pk is None or plan.total:
        return
    phase = Phase.objects.filter(pk=phase_pk).select_related("run").first()
    if phase is None:
        raise EngineError("The phase is not there any more: look for it on the page of its run.")
    raise EngineError(
        f"Phase {phase.phase_id} of {phase.run.run_id} is {phase.state}; "
        "only a phase that is FAILED or QUEUED can be drained."
    )


def _insert_session(asked: DrainRequest, plan: Plan) -> DrainSession:
    run_pks = asked.scope.run_pks()
    return DrainSession.objects.create(
        scope=asked.scope.to_json(),
        limits=asked.limits.to_json(),
        parallel=asked.limits.parallel,
        inline=asked.inline,
        note=asked.note,
        started_by=asked.actor,
        origin=asked.origin,
        before=state_snapshot(run_pks),
        ledger={reason.value: count for reason, count in plan.counts.items()},
        total_failed=plan.total,
        selected=len(plan.selected),
    )


def _audit(session: DrainSession, asked: DrainRequest) -> None:
    record_audit(
        Person(asked.actor, asked.origin, asked.address, asked.token),
        "session.start",
        Subject("session", str(session.pk), f"Drain {session.pk}"),
        asked.note,
        new={
            "scope": session.scope | {"phases": session.scope["phases"][:100]},
            "limits": session.limits,
            "selected": session.selected,
        },
    )


def state_snapshot(run_pks: list[int] | None) -> dict[str, int]:
    """Phases by state in these runs (None: all), exact: folded counts and what is not yet folded."""
    return {state: count for state, count in sorted(state_totals(run_pks).items()) if count}


def _freeze(session: DrainSession, plan: Plan) -> None:
    runs = _insert_session_runs(session, plan.selected)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY drain_candidate (session_id, session_run_id, run_id, phase_id, planned_position, position, "
            "sample, category, fingerprint, why, status, reason, detail, attempts, seen_attempts, outcome) "
            "FROM STDIN"
        ) as copy,
    ):
        for line in _candidate_lines(session, plan, runs):
            copy.write_row(line)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE drain_candidate c SET seen_attempts = p.attempts FROM drain_phase p "
            "WHERE c.session_id = %s AND c.status = 'waiting' AND p.id = c.phase_id AND p.attempts > 0",
            [session.pk],
        )


def _insert_session_runs(session: DrainSession, selected: list[Planned]) -> dict[int, int]:
    """A SessionRun for each run with a selected phase; run → its primary key."""
    waiting: dict[int, int] = {}
    heads: dict[int, Planned] = {}
    for planned in selected:
        waiting[planned.run] = waiting.get(planned.run, 0) + 1
        heads.setdefault(planned.run, planned)
    made = SessionRun.objects.bulk_create(
        SessionRun(
            session=session,
            run_id=run,
            waiting=count,
            head_position=heads[run].position,
            tier=RunTier.UNSAMPLED if heads[run].sample else RunTier.PROMISING,
        )
        for run, count in waiting.items()
    )
    return {session_run.run_id: session_run.pk for session_run in made}


def _candidate_lines(
    session: DrainSession, plan: Plan, runs: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    for item in plan.selected:
        yield (
            *(session.pk, runs[item.run], item.run, item.id, item.position, item.position),
            *(item.sample, item.category, item.fingerprint, item.why),
            *(CandidateStatus.WAITING.value, "", "", 0, 0, ""),
        )
    for line in plan.excluded:
        yield (
            *(session.pk, None, line.run, line.id, None, None),
            *(False, "", "", ""),
            *(CandidateStatus.EXCLUDED.value, line.reason.value, line.detail, 0, 0, ""),
        )
