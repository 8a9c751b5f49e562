"""The telemetry page: every number with its n, a window in the address, empty states that tell why."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from drain.dashboard.telemetry.queries import WINDOWS, read_telemetry, slots_of
from drain.models import TelemetryEvent
from drain.models.roles import Role
from drain.models.rollups import AttemptDelta
from tests.dashboard.evidence.pages import text_of
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory, PhaseFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def ended(at, events=0, **fields):
    phase = PhaseFactory(category="build")
    AttemptFactory(
        phase=phase, started_at=at - timedelta(minutes=1), telemetry_count=events, **fields
    )
    AttemptDelta.objects.create(
        finished_at=at, run_pk=phase.run_id, category="build", outcome="failed", seconds=60,
        telemetry_events=events,
    )  # fmt: skip
    return phase


def test_the_page_shows_yield_reasons_limits_and_tokens_with_their_n(client):
    now = timezone.now()
    phase = ended(now, 3, reached_limit_boundary=True)
    ended(now, zero_yield_reason="failed_before_llm")
    TelemetryEvent.objects.create(
        phase=phase, kind="t", at=now, model="some-model", predicted_tokens=30, actual_tokens=20
    )
    page = client.get("/telemetry/").content.decode()
    for words in (
        "1 of n 2", "n 2.0 attempt-minutes", "Failed before its first event", phase.phase_id,
        "some-model", "waste ratio 1.50", "n 1 event",
    ):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(("name", "attempts"), [("24h", 1), ("7d", 2), ("30d", 3), ("all", 4)])
def test_the_window_is_in_the_address(client, name, attempts):
    now = timezone.now()
    for days in (0, 3, 20, 400):
        ended(now - timedelta(days=days))
    page = client.get(f"/telemetry/?window={name}").content.decode()
    assert f"in {attempts} attempt" in page
    assert f"{attempts} of n {attempts}" in page


def test_nothing_yet_and_nothing_in_this_window_are_told_apart(client):
    assert "No attempt has ended yet" in client.get("/telemetry/?window=all").content.decode()
    ended(timezone.now() - timedelta(days=20))
    page = client.get("/telemetry/?window=24h").content.decode()
    assert "No attempt ended in this window" in page
    assert 'href="/telemetry/?window=all"' in page


def test_a_window_that_does_not_exist_is_the_usual_one(client):
    assert "since" in client.get("/telemetry/?window=<script>").content.decode()


@pytest.mark.parametrize("name", list(WINDOWS))
def test_an_axis_has_at_most_a_hundred_slots_and_reaches_to_now(name):
    ended(NOW - timedelta(days=500))
    slots = slots_of(WINDOWS[name], NOW)
    assert len(slots.moments) <= 100
    assert slots.place(NOW) == len(slots.moments) - 1
    assert list(slots.moments) == sorted(set(slots.moments))


def test_slots_of_three_hours_begin_at_midnight():
    moments = slots_of(WINDOWS["7d"], NOW).moments
    assert {moment.hour % 3 for moment in moments} == {0}


def test_the_chart_and_its_table_show_the_same_numbers():
    ended(NOW, 6)
    chart = read_telemetry(WINDOWS["24h"], NOW).chart
    assert chart.data["rate"][-1] == 6.0
    assert chart.rows[0][1:] == ("6.00", 1, 0)


def test_what_a_phase_says_cannot_write_markup_into_the_page(client):
    evil = "<script>alert(1)</script>"
    phase = ended(timezone.now(), zero_yield_reason=evil[:40])
    TelemetryEvent.objects.create(
        phase=phase, kind="t", model=evil, category=evil, predicted_tokens=1, actual_tokens=1
    )
    page = client.get("/telemetry/").content.decode()
    assert evil not in page
    assert " style=" not in page


def test_a_pipeline_without_tokens_reads_its_own_words_and_none_of_models(client):
    now = timezone.now()
    phase = ended(now, 3)
    attempt = phase.attempt_set.get()
    for kind in ("rows", "rows", "files"):
        TelemetryEvent.objects.create(phase=phase, attempt=attempt, kind=kind, at=now)
    page = text_of(client.get("/telemetry/").content.decode())
    assert "Events by kind" in page
    assert "rows 2 1 files 1 1" in page
    for word in ("token", "Waste", "messages or context", "Reached a limit"):
        assert word not in page, word


def test_a_page_asked_by_many_is_read_once(client, django_assert_max_num_queries):
    ended(timezone.now())
    client.get("/telemetry/")
    with django_assert_max_num_queries(8):
        client.get("/telemetry/")


def test_it_is_reached_from_the_yield_of_the_overview_and_stands_under_evidence(client):
    assert 'href="/telemetry/"' in client.get("/").content.decode()
    page = client.get("/telemetry/").content.decode()
    nav = page[page.index('id="nav-links"') : page.index('class="nav-tools"')]
    assert re.findall(r'data-label="(\w+)" aria-current="page"', nav) == ["Evidence"]
