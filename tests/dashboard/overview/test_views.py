"""The overview: everything accounted for, every number a way to the rows behind it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from drain.dashboard.overview.fingerprints import read_fingerprints
from drain.dashboard.overview.rates import read_rates
from drain.dashboard.overview.states import read_states
from drain.engine.queue.ledger import read_ledger
from drain.evidence.comparison.compare import compare
from drain.evidence.comparison.sides import of_fix
from drain.evidence.rollups.fold import fold
from drain.models import (
    Dependency,
    DrainSession,
    ExecutorProfile,
    FixMarker,
    Hold,
    SessionRun,
    StateSnapshot,
    Transition,
)
from drain.models.roles import Role
from drain.models.rollups import AttemptDelta
from tests.dashboard.people import signed_in
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def ended(run, outcome, at, key="", events=1):
    AttemptFactory(
        phase=PhaseFactory(run=run),
        outcome=outcome,
        fingerprint=key,
        started_at=at - timedelta(minutes=1),
    )
    AttemptDelta.objects.create(
        finished_at=at, run_pk=run.pk, category="c", outcome=outcome, fingerprint=key,
        seconds=60, telemetry_events=events,
    )  # fmt: skip


def test_every_failed_phase_is_in_one_part_and_the_parts_sum_up():
    now = timezone.now()
    run, held, pack = (
        RunFactory(),
        RunFactory(run_id="held-1"),
        RunFactory(source=SourceFactory(kind="autopack")),
    )
    Hold.objects.create(kind="prefix", value="held-", reason="r", created_by="p", origin="browser")
    snoozed = FingerprintFactory(status="snoozed")
    PhaseFactory(run=held, last_fingerprint=snoozed.key)
    PhaseFactory(run=run, last_fingerprint=snoozed.key)
    queued = PhaseFactory(run=run, state="QUEUED")
    direct, through = PhaseFactory(run=run), PhaseFactory(run=run)
    Dependency.objects.create(phase=direct, prerequisite=queued)
    Dependency.objects.create(phase=through, prerequisite=direct)
    PhaseFactory(run=pack, state="QUEUED", phase_index=5)
    PhaseFactory(run=pack, phase_index=9)
    PhaseFactory(run=pack, phase_index=1)
    session = SessionFactory(started_at=now - timedelta(hours=1), ended_at=now)
    SessionRun.objects.create(session=session, run=run, complete=4)
    CandidateFactory(session=session, phase=PhaseFactory(run=run), outcome="failed")
    ledger = read_ledger(now)
    assert (ledger.held, ledger.snoozed, ledger.waiting) == (1, 1, 3)
    assert (ledger.drained, ledger.again, ledger.untouched) == (5, 1, 1)
    assert ledger.total == 5 + 1 + 1 + 3 + 1


def test_a_hold_that_has_ended_holds_nothing():
    now = timezone.now()
    run = RunFactory()
    PhaseFactory(run=run)
    Hold.objects.create(
        kind="run",
        value=run.run_id,
        reason="r",
        created_by="p",
        origin="browser",
        until=now - timedelta(hours=1),
    )
    assert read_ledger(now).untouched == 1


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


def test_what_fails_now_stands_first_and_what_is_resolved_last():
    now, run = timezone.now(), RunFactory()
    for title, status, hours, times in (
        ("resolved", "resolved", 30, 9),
        ("snoozed", "snoozed", 0.5, 7),
        ("often but days ago", "ongoing", 70, 5),
        ("now", "regressed", 0.5, 1),
    ):
        cause = FingerprintFactory(title=title, status=status)
        for _ in range(times):
            ended(run, "failed", now - timedelta(hours=hours), cause.key)
    titles = [row.title for row in read_fingerprints(now).rows]
    assert titles == ["now", "often but days ago", "snoozed", "resolved"]


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


def test_the_matrix_counts_the_same_before_and_after_the_totals_are_folded():
    now = timezone.now()
    run, cause = RunFactory(), FingerprintFactory()
    for hours in (0.5, 2, 20, 60, 150, 200):
        ended(run, "failed", now - timedelta(hours=hours), cause.key)
    ended(run, "retryable", now, "")
    before = read_fingerprints(now).rows[0].cells
    fold()
    assert [cell.failures for cell in before] == [1, 2, 3, 4, 5]
    assert read_fingerprints(now).rows[0].cells == before


def test_merged_fingerprints_count_for_the_one_that_stands_for_them():
    now = timezone.now()
    run, cause = RunFactory(), FingerprintFactory()
    merged = FingerprintFactory(merged_into=cause)
    ended(run, "failed", now - timedelta(minutes=5), merged.key)
    (row,) = read_fingerprints(now).rows
    assert (row.key, [cell.failures for cell in row.cells]) == (cause.key, [1, 1, 1, 1, 1])


def test_the_matrix_links_each_number_and_boxes_placeholders(client):
    cause = FingerprintFactory(title="No module named <name>")
    for _ in range(3):
        ended(RunFactory(), "failed", timezone.now() - timedelta(hours=2), cause.key)
    page = client.get("/").content.decode()
    assert 'No module named <span class="slot">name</span></a>' in page
    assert '<td class="heat heat-0 t-narrow"><span aria-label="none">·</span></td>' in page
    assert (
        f'<td class="heat heat-1"><a href="/fingerprints/{cause.key}/?since=3h">3</a></td>' in page
    )


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
