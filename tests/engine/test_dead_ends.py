"""No drain waits for ever: not for a process that is gone, a circle, a hold, or rows that were deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.holds import hold
from drain.engine.rescue import rescue
from drain.engine.sessions.results import dropped_from_plan
from drain.engine.sessions.verbs import (
    cancel_session,
    interrupt_session,
    resume_session,
    stop_session_by_person,
)
from drain.engine.workers.loops import add_loop
from drain.models import Dependency, DrainSession, Phase, Run
from tests.engine.conftest import SOMEBODY, Backlog
from tests.factories import SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)
AGO = timezone.now() - timedelta(hours=1)


def inline(state: str, **changes: object) -> DrainSession:
    """A drain in a process of its own, asked for an hour ago."""
    made = SessionFactory(state=state, inline=True, ended_at=None, **changes)
    DrainSession.objects.filter(pk=made.pk).update(created_at=AGO)
    return made


def now(session: DrainSession) -> tuple[str, str, bool]:
    session.refresh_from_db()
    return session.state, session.stop_reason, session.inline


@pytest.mark.parametrize(
    ("state", "ends"),
    [("planned", "interrupted"), ("running", "interrupted"), ("paused", "interrupted"), ("stopping", "stopped")],
)  # fmt: skip
def test_an_inline_drain_whose_process_is_gone_is_interrupted(state: str, ends: str) -> None:
    gone, there = inline(state), inline(state)
    add_loop("w", None, there.pk, 1)
    young = SessionFactory(state=state, inline=True, ended_at=None)
    assert rescue().sessions == 1
    assert now(gone)[0] == ends
    assert (now(there)[0], now(young)[0]) == (state, state)


def test_what_a_person_ended_stays_ended_when_its_process_is_asked_to_end_too() -> None:
    for end, state in ((stop_session_by_person, "stopped"), (cancel_session, "cancelled")):
        session = inline("running")
        DrainSession.objects.filter(pk=session.pk).update(
            state="stopping", stop_reason="person", cancel_requested=end is cancel_session
        )
        assert interrupt_session(session.pk, "os:test@host")
        assert now(session) == (state, "person", True)


def test_who_resumes_it_from_a_page_leaves_it_to_the_workers_unless_its_process_is_there() -> None:
    left, there = inline("paused"), inline("paused")
    add_loop("w", None, there.pk, 1)
    with pytest.raises(EngineError, match="still runs in another process"):
        resume_session(there.pk, SOMEBODY, inline=True)
    assert now(there) == ("paused", "", True)
    for session, by_its_process in ((left, False), (there, True)):
        resume_session(session.pk, SOMEBODY)
        assert now(session) == ("running", "", by_its_process)


def test_a_refused_resume_changes_nothing_and_one_that_never_opened_is_opened_first() -> None:
    running = SessionFactory(state="running", ended_at=None)
    with pytest.raises(EngineError, match="is running, so it cannot be resumed"):
        resume_session(running.pk, SOMEBODY, inline=True)
    assert now(running) == ("running", "", False)
    unopened = SessionFactory(state="interrupted", started_at=None)
    resume_session(unopened.pk, SOMEBODY)
    assert now(unopened)[0] == "planned"


def test_a_circle_or_a_hold_made_in_the_middle_leaves_out_what_waits_for_it(
    backlog: Backlog,
) -> None:
    backlog.executor('echo "$DRAIN_PHASE_ID" >> "$OUT/marks"')
    circle, held, waits = backlog.run("circle", 3), backlog.run("held", 1), backlog.run("waits", 1)
    session = backlog.session()
    one, two = Phase.objects.filter(run=circle).order_by("phase_index")[1:]
    needs = [(one, two), (two, one), (waits.phases.get(), held.phases.get())]
    Dependency.objects.bulk_create(Dependency(phase=a, prerequisite=b) for a, b in needs)
    hold("held", "quota", SOMEBODY, timezone.now())
    assert backlog.drain(session).state == "finished"
    assert backlog.marks() == ["p0"]
    assert dropped_from_plan(session.pk) == {"waits_for_dependency": 3, "run_held": 1}


@pytest.mark.parametrize(
    ("sample", "ends"), [({}, "finished"), ({"sample": 2, "sample_passes": 1}, "stopped")]
)
def test_rows_deleted_by_hand_are_not_waited_for(
    backlog: Backlog, sample: dict[str, Any], ends: str
) -> None:
    backlog.executor("true")
    for name in ("a", "b", "c"):
        backlog.run(name, 2)
    session = backlog.session(**sample)
    Phase.objects.filter(run__run_id="a").delete()
    Run.objects.get(run_id="b").delete()
    DrainSession.objects.filter(pk=session.pk).update(
        scope={**session.scope, "run_ids": ["a", "b", "c"]}
    )
    session.refresh_from_db()
    assert backlog.drain(session).state == ends
