"""The page of a run: what holds it back, what it was before, and names that are only text."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache

from drain.models import Dependency, FixMarker, Hold, SessionRun, Transition
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
EVIL = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def squashed(page):
    """The text of a page on one line, as a person reads it."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_page_of_a_run_names_what_holds_it_back(client):
    run = RunFactory(source=SourceFactory(kind="autopack"), run_id="research-system-v2")
    blocker = PhaseFactory(run=run, phase_id="integration", state="QUEUED", phase_index=1)
    first = PhaseFactory(run=run, phase_id="polish", phase_index=2)
    Dependency.objects.create(phase=first, prerequisite=blocker)
    AttemptFactory(phase=first, outcome="timeout")
    Hold.objects.create(
        kind="run", value=run.run_id, reason="schema", created_by="m.ortiz", origin="browser"
    )
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "and holds back 1 phase: polish." in squashed(page)
    assert "This run is on hold" in page
    assert 'aria-label="Attempts: Timeout"' in page
    assert "Dependency graph, 1 edges" in page


def test_a_run_with_many_phases_costs_no_more_queries(admin_client, django_assert_max_num_queries):
    run = RunFactory(source=SourceFactory())
    for _ in range(30):
        phase = PhaseFactory(run=run, last_failure_reason="x", last_fingerprint="k")
        AttemptFactory(phase=phase)
    PhaseFactory(run=run, state="QUEUED")
    AttemptFactory(phase=phase, session=SessionFactory())
    FixMarker.objects.create(title="BUILD-146", applied_at=NOON, created_by="p")
    Hold.objects.create(kind="run", value=run.run_id, reason="r", created_by="p", origin="browser")
    admin_client.get("/runs/")
    for address in ("/runs/", f"/runs/{run.pk}/"):
        with django_assert_max_num_queries(12):
            admin_client.get(address)


def test_names_and_errors_are_inert(client):
    source = SourceFactory(name=EVIL)
    run = RunFactory(run_id=f"run-{EVIL}", name=f"named {EVIL}", labels=[EVIL], source=source)
    key = FingerprintFactory(title=f"<path> {EVIL}").key
    PhaseFactory(run=run, last_failure_reason=EVIL, last_fingerprint=key)
    one = PhaseFactory(run=run, phase_id=f"p-{EVIL}", last_failure_reason=EVIL)
    AttemptFactory(phase=one, outcome="failed")
    PhaseFactory(run=run, phase_id=f"r-{EVIL}", state="QUEUED")
    Dependency.objects.create(phase=one, prerequisite=PhaseFactory(run=run, phase_id=f"q-{EVIL}"))
    Hold.objects.create(kind="run", value=run.run_id, reason=EVIL, created_by="p", origin="browser")
    for address in ("/runs/", f"/runs/{run.pk}/", f"/runs/?q={EVIL}", f"/search/?q=run-{EVIL}"):
        page = client.get(address).content.decode()
        assert EVIL not in page
        assert 'alert("' not in page
        assert "&lt;script&gt;" in page
        assert " style=" not in page
    assert '<span class="slot">path</span>' in client.get(f"/runs/{run.pk}/").content.decode()


def test_a_run_without_a_name_of_its_own_or_a_source_shows_neither(client):
    PhaseFactory(run=RunFactory(run_id="a", name="a", source=None))
    page = client.get("/runs/").content.decode()
    assert "t-sub" not in page
    assert 't-hide soft">–</td>' in page


def test_a_refresh_of_a_run_leaves_the_graph_alone(client):
    run = RunFactory()
    body = client.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert body.lstrip().startswith('<div class="stack" id="run"')
    assert client.get("/runs/999999/").status_code == 404


def moved(run, at, to_state, from_state=""):
    Transition.objects.create(
        subject="phase", subject_pk=1, run_pk=run.pk, from_state=from_state, to_state=to_state,
        verb="v", actor="a", at=at,
    )  # fmt: skip


def test_a_run_shows_its_states_before_the_fix_before_the_last_drain_and_now(client):
    run, other = RunFactory(), RunFactory()
    for state in ("FAILED", "COMPLETE", "COMPLETE", "COMPLETE"):
        PhaseFactory(run=run, state=state)
    for minutes in range(4):
        moved(run, NOON - timedelta(days=1, minutes=minutes), "FAILED")
    moved(run, NOON - timedelta(hours=1), "COMPLETE", "FAILED")
    for minutes in (1, 2):
        moved(run, NOON + timedelta(minutes=minutes), "COMPLETE", "FAILED")
    moved(other, NOON + timedelta(minutes=1), "COMPLETE", "FAILED")
    marker = FixMarker.objects.create(
        title="x", applied_at=NOON - timedelta(hours=2), created_by="p"
    )
    session = SessionFactory(started_at=NOON)
    AttemptFactory(phase=run.phases.first(), session=session)
    left_alone = SessionFactory(started_at=NOON + timedelta(hours=1))
    SessionRun.objects.create(session=left_alone, run=run)
    text = squashed(client.get(f"/runs/{run.pk}/").content.decode())
    heads = rf"State Before FM-{marker.pk} [^B]* Before drain {session.pk} [^B]* Now Change"
    assert re.search(heads, text)
    assert "Complete 0 1 3 +3 Failed 4 3 1 −3 Complete, of all phases 0.0 % n 4" in text
    assert "75.0 % n 4 +75.0 points" in text


def test_a_run_that_nothing_happened_to_has_no_before(client):
    run = RunFactory()
    PhaseFactory(run=run)
    FixMarker.objects.create(title="x", applied_at=NOON, created_by="p")
    moved(run, NOON + timedelta(hours=1), "FAILED")
    assert "Before and after" not in client.get(f"/runs/{run.pk}/").content.decode()


def test_attempts_of_long_ago_leave_the_timeline_to_the_latest_ones_unless_asked_for(client):
    run = RunFactory()
    phase = PhaseFactory(run=run)
    for days in (0, 90):
        AttemptFactory(phase=phase, started_at=NOON - timedelta(days=days))
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "the timeline leaves out 1 earlier attempt since 2 Dec 2025" in squashed(page)
    assert page.count("<title>Attempt ") == 1
    page = client.get(f"/runs/{run.pk}/?time=all").content.decode()
    assert "leaves out" not in page
    assert page.count("<title>Attempt ") == 2
    assert "Reach of the timeline" in page


def test_attempts_of_two_days_share_a_timeline_without_a_choice(client):
    run = RunFactory()
    phase = PhaseFactory(run=run)
    for hours in (0, 40):
        AttemptFactory(phase=phase, started_at=NOON - timedelta(hours=hours))
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert page.count("<title>Attempt ") == 2
    assert "Reach of the timeline" not in page


def test_an_operator_holds_and_releases_a_run_on_its_page():
    operator = signed_in(Role.OPERATOR)
    run = RunFactory(run_id="a-1")
    address = f"/runs/{run.pk}/"
    answer = operator.post("/holds/", {"target": "a-1", "reason": "schema", "next": address})
    assert answer["Location"] == address
    held = Hold.objects.get()
    page = operator.get(address).content.decode()
    assert f"/holds/{held.pk}/release/" in page
    operator.post(f"/holds/{held.pk}/release/")
    page = operator.get(address).content.decode()
    assert "released by" in page
    assert "This run is on hold" not in page


def test_a_viewer_sees_holds_and_cannot_release_them(client):
    run = RunFactory(run_id="a-1")
    held = Hold.objects.create(
        kind="prefix", value="a-", reason="r", created_by="p", origin="browser"
    )
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "Runs that begin with" in page
    assert f"/holds/{held.pk}/release/" not in page
    assert "Hold this run" not in page


def test_its_links_lead_to_this_run_alone():
    run = RunFactory(run_id="a-1", source=SourceFactory(kind="autopack"))
    blocker = PhaseFactory(run=run, state="QUEUED", phase_index=1)
    Dependency.objects.create(phase=PhaseFactory(run=run, phase_index=2), prerequisite=blocker)
    page = signed_in(Role.OPERATOR).get(f"/runs/{run.pk}/").content.decode()
    assert 'href="/drains/new/?run=a-1"' in page
    assert 'href="/queued/?run=a-1"' in page
