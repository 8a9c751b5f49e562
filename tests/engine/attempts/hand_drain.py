"""A drain whose rounds a test takes by hand: no child runs, an attempt ends when the test says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.utils import timezone

from drain.db.sql import rows
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds
from drain.engine.attempts.started import EndedAttempt, StartedAttempt
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import Candidate, DrainSession, Phase, Run, SessionRun
from drain.models.vocabulary import Order, Origin, PhaseState, RunTier
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from tests.engine.attempts.examples import result

# The planner has an order of its own; a test says which phase comes before which.
_BY_NAME = """
WITH placed AS (
    UPDATE drain_candidate c SET position = n.position FROM (
        SELECT x.id, row_number() OVER (ORDER BY p.phase_id) AS position
        FROM drain_candidate x JOIN drain_phase p ON p.id = x.phase_id
        WHERE x.session_id = %(session)s AND x.status = 'waiting'
    ) n WHERE c.id = n.id RETURNING c.session_run_id, c.position
)
UPDATE drain_sessionrun r SET head_position = n.head
FROM (SELECT session_run_id, min(position) AS head FROM placed GROUP BY 1) n WHERE r.id = n.session_run_id
"""
PAST, FUTURE = "2020-01-01T00:00Z", "2120-01-01T00:00Z"


def failed_run(run_id: str, phases: int = 1, most: int = 10, **changes: Any) -> Run:
    """A run whose failed phases are called like it, with a number behind."""
    run = Run.objects.create(
        run_id=run_id, max_parallel=most, **{"order": Order.INDEPENDENT, **changes}
    )
    Phase.objects.bulk_create(
        Phase(run=run, phase_id=f"{run_id}{n}", phase_index=n, state=PhaseState.FAILED)
        for n in range(phases)
    )
    return run


def put_off(**candidate: Any) -> None:
    """Candidates that are not due yet, and their runs if they are the first there."""
    Candidate.objects.filter(**candidate).update(not_before=FUTURE)
    for run in SessionRun.objects.all():
        first = run.candidates.filter(status="waiting").order_by("position").first()
        if first is not None:
            SessionRun.objects.filter(pk=run.pk).update(not_before=first.not_before)


class HandDrain:
    """A session over what there is, already running, and one loop:
    phases come by their names, each run has its sample behind it.
    """

    def __init__(self, scope: SessionScope | None = None, **limits: Any) -> None:
        given = Limits(**{"batch_size": 1000, "parallel": 100, **limits})
        asked = DrainRequest(scope or SessionScope(), given, "os:t@h", Origin.COMMAND)
        self.session = create_session(asked, timezone.now())
        DrainSession.objects.filter(pk=self.session.pk).update(
            state="running", started_at=timezone.now()
        )
        self.set_tier(RunTier.PROMISING)
        rows(_BY_NAME, {"session": self.session.pk})
        host = HostContext(environ={}, worker="h/1/w")
        host.refresh()
        self.rounds = Rounds(host, uuid4())

    def set_tier(self, tier: RunTier, **run: Any) -> None:
        """Runs of the plan stand here."""
        SessionRun.objects.filter(session=self.session, **run).update(tier=tier)

    def start(self, free: int = 10) -> list[StartedAttempt]:
        """One round with so many free slots."""
        self.rounds.write([], free, [self.session.pk])
        return list(self.rounds.begun)

    def names(self, free: int = 10) -> list[str]:
        """The phases that such a round starts, in its order."""
        return [each.phase_id for each in self.start(free)]

    def end(self, attempts: Iterable[StartedAttempt], outcome: Outcome, cause: str = "x") -> int:
        """One round that books these ends; returns how many had lost their lease."""
        ends = [EndedAttempt(each, result(outcome, 1, cause)) for each in attempts]
        return self.rounds.write(ends, 0, ())
