"""The rates of the overview: of one period, to the minute, with what they are held against."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from drain.dashboard.overview.rates import read_rates
from drain.evidence.comparison.compare import compare
from drain.evidence.comparison.sides import of_fix
from drain.models import (
    FixMarker,
    SessionRun,
    Transition,
)
from drain.models.roles import Role
from tests.dashboard.overview.past import ended
from tests.dashboard.people import signed_in
from tests.factories import (
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def test_the_rate_since_a_fix_is_that_of_its_page_to_the_minute(client):
    now = timezone.now()
    fix = FixMarker.objects.create(
        title="BUILD-146", applied_at=now - timedelta(minutes=50), created_by="p"
    )
    run = RunFactory()
    for minutes, outcome in (
        (55, "failed"),
        (52, "failed"),
        (40, "complete"),
        (30, "failed"),
        (20, "complete"),
    ):
        ended(run, outcome, now - timedelta(minutes=minutes), "k" if outcome == "failed" else "")
    found = read_rates(48, now)
    assert (found.after.complete, found.after.rated) == (2, 3)
    assert (found.pivot, found.verdict, found.change) == (f"FM-{fix.pk}", "Not judged yet", None)
    page = compare(*of_fix(fix, []))
    assert (page.after.rate.complete, page.after.rate.n) == (2, 3)
    assert found.after.per_minute == page.after.telemetry.per_minute
    caches["default"].clear()
    assert f"FM-{fix.pk}: not judged yet" in client.get("/").content.decode()


def test_without_a_fix_the_change_is_against_the_period_before():
    now = timezone.now()
    run = RunFactory()
    ended(run, "failed", now - timedelta(hours=30), "k")
    ended(run, "complete", now - timedelta(hours=2))
    found = read_rates(24, now)
    assert (found.pivot, found.change) == ("", 100.0)
    assert (read_rates(48, now).after.rated, read_rates(48, now).change) == (2, None)


@pytest.mark.parametrize(
    ("hours", "word", "drained", "imports"), [("24", "24 h", 1, 1), ("168", "7 d", 3, 2)]
)
def test_all_figures_of_the_page_are_of_one_period(client, hours, word, drained, imports):
    now, run = timezone.now(), RunFactory()
    PhaseFactory(state="FAILED")
    for age, complete in ((2, 1), (90, 2)):
        session = SessionFactory(started_at=now - timedelta(hours=age), ended_at=now)
        SessionRun.objects.create(session=session, run=run, complete=complete)
        ended(run, "complete", now - timedelta(hours=age))
        Transition.objects.create(
            subject="phase", subject_pk=1, from_state="", to_state="FAILED", verb="imported", actor="w",
            at=now - timedelta(hours=age),
        )  # fmt: skip
    caches["default"].clear()
    page = " ".join(client.get(f"/?hours={hours}").content.decode().split())
    assert f"was drained in {word}" in page
    assert f"{drained} complete, 0 failed again" in page
    assert f"in {word}</span> <span>+{imports} by imports" in page
    assert f"Completion rate, {word}" in page
    others = {"24 h", "48 h", "7 d"} - {word}
    told = page.partition('id="overview"')[2].partition('id="fingerprints-title"')[0]
    told = told.replace("none started in 24 h", "")
    assert not [other for other in others if f" {other}" in told]
