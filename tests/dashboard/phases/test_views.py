"""The page of a phase says first why it is not running."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.cache import cache

from drain.models import Dependency, Hold, TelemetryEvent, Transition
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import (
    AttemptFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
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


def test_the_page_of_a_queued_phase_has_its_ways_out_for_who_may(client):
    phase = PhaseFactory(state="QUEUED")
    ways = (f'name="pk" value="{phase.pk}">Clear…', "Drain it…", "Ignore it…")
    for browser, offered in ((signed_in(Role.OPERATOR), [1, 1, 1]), (client, [0, 0, 1])):
        page = browser.get(f"/phases/{phase.pk}/").content.decode()
        assert [page.count(way) for way in ways] == offered


def needing(state, **fields):
    """A failed phase that needs another one, and that one."""
    needed = PhaseFactory(state=state, run=RunFactory(order="independent"), **fields)
    phase = PhaseFactory(run=RunFactory(order="independent"))
    Dependency.objects.create(phase=phase, prerequisite=needed)
    return phase, needed


@pytest.mark.parametrize(("state", "ways"), [("QUEUED", 1), ("EXECUTING", 0)])
def test_a_waiting_phase_links_what_it_waits_for_with_its_ways_out(state, ways):
    ExecutorFactory(is_default=True)
    phase, needed = needing(state, phase_id="research-10")
    Dependency.objects.create(phase=phase, prerequisite=PhaseFactory(phase_id="research-1"))
    page = signed_in(Role.OPERATOR).get(f"/phases/{phase.pk}/").content.decode()
    why = page[page.index("Why it is not running") : page.index("needs-title")]
    assert f'href="/phases/{needed.pk}/">research-10 of {needed.run.run_id}' in why
    assert why.count(f'value="{needed.pk}">Clear…') == ways


def test_a_phase_of_a_held_run_leads_to_the_hold(client):
    ExecutorFactory(is_default=True)
    phase = PhaseFactory()
    Hold.objects.create(kind="run", value=phase.run.run_id, reason="r", created_by="x")
    assert "/queued/#holds" in client.get(f"/phases/{phase.pk}/").content.decode()
    assert 'id="holds"' in client.get("/queued/").content.decode()


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


def test_a_failed_phase_costs_few_queries(client, django_assert_max_num_queries):
    cause, run = FingerprintFactory(), RunFactory(run_id="a-1")
    Hold.objects.create(kind="prefix", value="a-", reason="broken branch", created_by="ann")
    needed = PhaseFactory(run=run, state="FAILED", phase_index=1)
    phase = PhaseFactory(run=run, state="FAILED", phase_index=2, last_fingerprint=cause.key)
    Dependency.objects.create(phase=phase, prerequisite=needed)
    AttemptFactory(phase=phase, number=1, error="No module", fingerprint=cause.key)
    TelemetryEvent.objects.create(phase=phase, kind="token_estimation", actual_tokens=1146)
    client.get(f"/phases/{phase.pk}/")
    with django_assert_max_num_queries(12):
        page = client.get(f"/phases/{phase.pk}/").content.decode()
    assert "Held by ann: broken branch." in page
