"""The drains of the demo: the run of the report first, then a batch out of everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from drain.demo.backlog import RESEARCH
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import Actor, start_session
from drain.models import Attempt, DrainSession, Phase
from drain.models.vocabulary import LIVE_SESSION_STATES, PhaseState
from drain.policy.stopping.limits import Limits

BATCH = 40
PARALLEL = 2
PHASE_TIMEOUT_SECONDS = 4


@dataclass(slots=True)
class Story:
    """The drains of the demo, and the run of the report as it was when they began."""

    sessions: list[DrainSession] = field(default_factory=list)
    failed_before: list[int] = field(default_factory=list)

    @property
    def processed(self) -> int:
        """The number of phases that had failed at first and were run again by now."""
        ran = Attempt.objects.filter(
            phase__in=self.failed_before, session__in=self.sessions, finished_at__isnull=False
        )
        return ran.values("phase").distinct().count()

    @property
    def is_kept(self) -> bool:
        """True if every failed phase of the run of the report was run again."""
        return self.processed == len(self.failed_before)

    def to_json(self) -> dict[str, Any]:
        """Numbers for scripts: `failed` and `processed` of the run of the report, and every session."""
        return {
            "run": RESEARCH,
            "failed": len(self.failed_before),
            "processed": self.processed,
            "sessions": [session_result(session) for session in self.sessions],
        }


def tell(story: Story, actor: Actor) -> Iterator[DrainSession]:
    """Start the demo's drains one after the other; the caller waits for each before asking for the next.

    Sessions that a stopped demo left behind come first: the workers go on with them by themselves.
    """
    story.failed_before = list(
        Phase.objects.filter(run__run_id=RESEARCH, state=PhaseState.FAILED).values_list(
            "pk", flat=True
        )
    )
    left = DrainSession.objects.filter(state__in=LIVE_SESSION_STATES, inline=False)
    for session in left.exclude(state="paused").order_by("pk"):
        story.sessions.append(session)
        yield session
    for scope, limits, note in _drains():
        session = create_session(
            DrainRequest(scope, limits, actor.name, actor.origin, note), timezone.now()
        )
        story.sessions.append(session)
        start_session(session)
        yield session


def _drains() -> Iterator[tuple[SessionScope, Limits, str]]:
    """The report's own command, and a larger one over all runs."""
    yield (
        SessionScope(run_ids=(RESEARCH,)),
        Limits(batch_size=10, phase_timeout_seconds=PHASE_TIMEOUT_SECONDS),
        "The run of the report: one phase is queued, and the others are drained all the same.",
    )
    yield (
        SessionScope(),
        Limits(batch_size=BATCH, parallel=PARALLEL, phase_timeout_seconds=PHASE_TIMEOUT_SECONDS),
        "Samples of every run first, then those that show promise.",
    )
