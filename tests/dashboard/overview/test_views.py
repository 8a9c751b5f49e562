"""The overview: everything accounted for, every number a way to the rows behind it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from drain.dashboard.overview.states import read_states
from drain.models import (
    DrainSession,
    ExecutorProfile,
    FixMarker,
    StateSnapshot,
    Transition,
)
from drain.models.roles import Role
from tests.dashboard.overview.past import ended
from tests.dashboard.people import signed_in
from tests.factories import (
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def test_the_backlog_has_its_change_with_its_sign_and_imports_apart(client):
    for _ in range(3):
        PhaseFactory(state="FAILED")
        Transition.objects.create(
            subject="phase", subject_pk=1, from_state="", to_state="FAILED", verb="imported", actor="w",
            at=timezone.now(),
        )  # fmt: skip
    caches["default"].clear()
    page = client.get("/").content.decode()
    assert "+3 in 48 h" in page
    assert "+3 by imports" in page


def test_an_empty_installation_says_how_to_begin(client):
    page = client.get("/").content.decode()
    assert "Nothing is imported yet" in page
    assert "import_autopack" in page
    assert "No phase is failed" not in page


def test_each_step_of_a_new_site_is_done_as_soon_as_it_is_and_gone_after_the_first_drain():
    client = signed_in(Role.ADMINISTRATOR)

    def steps() -> tuple[int, str]:
        page = client.get("/").content.decode()
        following = re.search(r'class="button small primary" href="([^"]+)"', page)
        return page.count('<span class="sr-only">done</span>'), following[1] if following else ""

    assert steps() == (0, "/import/")
    RunFactory()
    assert steps() == (1, "/executors/set/")
    ExecutorProfile.objects.create(name="named by no run", argv=["true"])
    assert steps() == (1, "/executors/set/")
    ExecutorProfile.objects.create(name="default", argv=["true"], is_default=True)
    assert steps() == (2, "/workers/")
    SessionFactory()
    assert steps() == (0, "")
    assert "four steps" not in client.get("/").content.decode()


def test_an_installation_without_failures_says_what_is_missing(client):
    RunFactory()
    page = client.get("/").content.decode()
    for sentence in (
        "No phase is failed",
        "No failed attempt in seven days",
        "Nothing was drained yet",
    ):
        assert sentence in page


def test_a_phase_cannot_write_markup_into_the_page(client):
    evil = '<script>alert("x")</script>'
    run = RunFactory(run_id=f"run-{evil}")
    PhaseFactory(run=run, phase_id=f"p-{evil}", state="QUEUED")
    cause = FingerprintFactory(title=f"Error {evil}")
    ended(run, "failed", timezone.now(), cause.key)
    DrainSession.objects.create(state="running", started_by="p", origin="browser", note=evil)
    page = client.get("/").content.decode()
    assert evil not in page
    assert 'alert("' not in page
    assert page.count("&lt;script&gt;") >= 4
    assert " style=" not in page


def test_a_refresh_gets_the_live_part_alone(client):
    answer = client.get("/?hours=24", headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert body.lstrip().startswith('<div id="overview"')
    assert "<html" not in body
    assert "HX-Request" in answer["Vary"]


def test_a_refresh_costs_few_queries(client, django_assert_max_num_queries):
    SessionFactory(state="running", ended_at=None)
    PhaseFactory()
    client.get("/")
    with django_assert_max_num_queries(12):
        client.get("/")


def test_nobody_sees_it_without_signing_in(client):
    client.logout()
    assert client.get("/")["Location"].startswith("/login/")
    assert client.get("/login/").status_code == 200


def test_the_first_to_ask_costs_few_queries_too(client, django_assert_max_num_queries):
    now = timezone.now()
    run, cause = RunFactory(), FingerprintFactory()
    ended(run, "failed", now, cause.key)
    PhaseFactory(run=run, state="QUEUED")
    FixMarker.objects.create(title="BUILD-146", applied_at=now, created_by="p")
    SessionFactory(started_at=now)
    client.get("/workers/")
    caches["pages"].clear()
    # Four of them ask who it is and what this person may do.
    with django_assert_max_num_queries(19):
        client.get("/")


def test_a_second_dashboard_asks_only_who_it_is_and_how_the_drain_goes(
    client, django_assert_max_num_queries
):
    SessionFactory()
    client.get("/")
    with django_assert_max_num_queries(6):
        client.get("/")


def test_phases_by_state_show_the_kept_hours_and_this_moment(client):
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    for hours, counts in ((5, {}), (4, {}), (3, {"FAILED": 3}), (2, {"FAILED": 2, "COMPLETE": 1})):
        StateSnapshot.objects.create(hour=now - timedelta(hours=hours), counts=counts)
    chart = read_states(48, now, {"COMPLETE": 3}).chart
    assert [(part["state"], part["values"]) for part in chart.data["series"]] == [
        ("complete", [0, 0, 1, 3]),
        ("failed", [0, 3, 2, 0]),
    ]
    assert [row[1:] for row in chart.rows] == [(3, 0), (1, 2), (0, 3), (0, 0)]
    PhaseFactory()
    assert 'data-chart="states"' in client.get("/").content.decode()


def test_phases_by_state_without_a_past_say_so(client):
    PhaseFactory()
    assert "No past yet" in client.get("/").content.decode()
