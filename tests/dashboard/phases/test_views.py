"""The page of a phase says first why it is not running."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone

from drain.dashboard.phase_why import explain
from drain.engine.sessions.planning import preview
from drain.engine.sessions.scope import SessionScope
from drain.models import Dependency, Hold, TelemetryEvent, Transition
from drain.models.roles import Role
from drain.policy.limits import Limits
from tests.dashboard.people import signed_in
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def why(phase, current=None):
    phase.refresh_from_db()
    return explain(phase, current, timezone.now())


def test_ended_queued_and_running_phases_say_so():
    assert "complete" in why(PhaseFactory(state="COMPLETE")).sentence
    assert "skipped" in why(PhaseFactory(state="SKIPPED")).sentence
    since = timezone.now() - timedelta(hours=25)
    assert (
        "queued for 1 d 01 h" in why(PhaseFactory(state="QUEUED", state_changed_at=since)).sentence
    )
    running = PhaseFactory(state="EXECUTING", lease_owner=uuid4())
    attempt = AttemptFactory(phase=running, number=3, outcome=None, finished_at=None, worker="w1")
    assert why(running, attempt).sentence == "It is running now: attempt 3 on w1."


def test_a_phase_in_a_running_drain_names_its_place():
    phase = PhaseFactory()
    session = SessionFactory(state="running", ended_at=None)
    CandidateFactory(session=session, phase=phase, status="waiting", planned_position=7)
    assert f"drain {session.pk}, at position 7" in why(phase).sentence


def test_a_phase_that_no_executor_runs_says_so():
    assert why(PhaseFactory()).code == "no_executor"


def test_the_reason_is_the_one_a_drain_would_give():
    ExecutorFactory()
    pack = RunFactory(source=SourceFactory(kind="autopack"))
    PhaseFactory(run=pack, state="QUEUED", phase_index=5)
    held, run = RunFactory(), RunFactory()
    Hold.objects.create(kind="run", value=held.run_id, reason="r", created_by="p", origin="browser")
    snoozed = FingerprintFactory(status="snoozed")
    queued = PhaseFactory(run=run, state="QUEUED")
    direct, through, loose = (PhaseFactory(run=run) for _ in range(3))
    Dependency.objects.create(phase=direct, prerequisite=queued)
    Dependency.objects.create(phase=through, prerequisite=direct)
    behind_hold = PhaseFactory(run=run)
    Dependency.objects.create(phase=behind_hold, prerequisite=PhaseFactory(run=held))
    after_failed = PhaseFactory(run=run)
    Dependency.objects.create(phase=after_failed, prerequisite=loose)
    phases = [
        PhaseFactory(run=pack, phase_index=9), PhaseFactory(run=held), direct, through, loose, behind_hold,
        after_failed, PhaseFactory(run=run, last_fingerprint=snoozed.key),
        PhaseFactory(run=run, last_fingerprint=FingerprintFactory(merged_into=snoozed).key),
    ]  # fmt: skip
    plan = preview(SessionScope(), Limits(batch_size=1000), timezone.now())
    reasons = {line.id: line.reason.value for line in plan.excluded}
    assert [why(phase).code for phase in phases] == [reasons.get(phase.pk, "") for phase in phases]
    assert why(loose).ready
    assert {"run_held", "waits_for_queued", "waits_for_dependency", "fingerprint_snoozed"} <= set(
        reasons.values()
    )


def test_the_page_shows_the_latest_error_its_cause_and_the_history(client):
    cause = FingerprintFactory(title="No module named <name>")
    phase = PhaseFactory(last_fingerprint=cause.key, params={"paths": ["src/a.py"]})
    AttemptFactory(phase=phase, number=1, error="an old error")
    AttemptFactory(
        phase=phase, number=2, error="the newest error", fingerprint=cause.key, exit_code=1
    )
    Transition.objects.create(
        subject="phase", subject_pk=phase.pk, from_state="EXECUTING", to_state="FAILED",
        verb="finish", actor="worker-7", reason="exit 1",
    )  # fmt: skip
    TelemetryEvent.objects.create(phase=phase, kind="token_estimation", actual_tokens=1146)
    page = client.get(f"/phases/{phase.pk}/").content.decode()
    for words in (
        "the newest error",
        "No module named",
        "worker-7",
        "token_estimation",
        "1,146",
        "src/a.py",
    ):
        assert words in page
    assert "an old error" not in page


def test_a_failed_phase_that_nothing_holds_back_is_drained_alone_by_who_may(client):
    ExecutorFactory()
    failed, queued = (PhaseFactory(state=state) for state in ("FAILED", "QUEUED"))
    operator = signed_in(Role.OPERATOR)
    for browser, phase, offered in (
        (operator, failed, 1),
        (client, failed, 0),
        (operator, queued, 0),
    ):
        page = browser.get(f"/phases/{phase.pk}/").content.decode()
        assert page.count("Drain this phase") == offered


def test_a_running_phase_shows_its_last_lines_and_asks_again(client):
    phase = PhaseFactory(state="EXECUTING", lease_owner=uuid4())
    AttemptFactory(phase=phase, outcome=None, finished_at=None, tail="first\nlast line")
    answer = client.get(f"/phases/{phase.pk}/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "last line" in answer.content.decode()
    done = client.get(
        f"/phases/{PhaseFactory(state='COMPLETE').pk}/", headers={"HX-Request": "true"}
    )
    assert done.status_code == 286


def test_everything_a_phase_says_is_inert(client):
    phase = PhaseFactory(
        phase_id=f"p-{EVIL}",
        name=EVIL,
        category=EVIL,
        complexity="x",
        params={EVIL: EVIL},
        last_failure_reason=EVIL,
    )
    AttemptFactory(phase=phase, error=EVIL, worker=EVIL, tail=EVIL, zero_yield_reason="<b>")
    TelemetryEvent.objects.create(phase=phase, kind=EVIL, model=EVIL)
    Transition.objects.create(
        subject="phase", subject_pk=phase.pk, to_state="FAILED", verb="v", actor=EVIL, reason=EVIL
    )
    page = client.get(f"/phases/{phase.pk}/").content.decode()
    assert EVIL not in page
    assert " style=" not in page


def test_many_attempts_cost_no_more_queries(admin_client, django_assert_max_num_queries):
    phase = PhaseFactory(
        run=RunFactory(source=SourceFactory()), last_fingerprint=FingerprintFactory().key
    )
    for number in range(1, 30):
        AttemptFactory(phase=phase, number=number)
    admin_client.get("/runs/")
    with django_assert_max_num_queries(12):
        admin_client.get(f"/phases/{phase.pk}/")
