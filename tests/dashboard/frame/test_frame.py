"""The frame of every page: navigation, counts and the identity strip."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from drain.dashboard.frame.counts import read_counts
from drain.dashboard.frame.frame import build_shell
from drain.dashboard.runs.list_query import RunFilter, filtered_runs
from drain.engine.queue.blockers import QueueFilter, queue_size
from drain.models import BulkAction, Phase, Run, Source, WorkerHost
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory, SessionFactory, SourceFactory

NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


@pytest.mark.django_db
def test_an_empty_installation_has_a_shell():
    counts = read_counts(NOW)
    assert (counts.source, counts.runs, counts.phases, counts.stale) == ("no source yet", 0, 0, 0)


@pytest.mark.django_db
def test_counts_are_exact_before_anything_is_folded():
    run = Run.objects.create(run_id="research-system-v2")
    day_ago = NOW - timedelta(hours=25)
    Phase.objects.create(run=run, phase_id="a", phase_index=1, state="FAILED")
    Phase.objects.create(
        run=run, phase_id="b", phase_index=2, state="QUEUED", state_changed_at=day_ago
    )
    counts = read_counts(NOW)
    assert (counts.runs, counts.phases, counts.queued, counts.stale) == (1, 2, 1, 1)
    assert counts.by_state == {"FAILED": 1, "QUEUED": 1}


@pytest.mark.django_db
def test_the_frame_the_queue_and_the_list_of_runs_mean_the_same_by_stale():
    patient = SourceFactory(stale_after=timedelta(days=3))
    now = timezone.now()
    for run in (RunFactory(run_id="late"), RunFactory(run_id="patient", source=patient)):
        PhaseFactory(run=run, state="QUEUED", state_changed_at=now - timedelta(days=1))
    assert read_counts(now).stale == 1
    assert queue_size(QueueFilter(), now) == (2, 1)
    wanted = RunFilter(stale=True)
    assert [run.run_id for run in filtered_runs(wanted, now)] == ["late"]


@pytest.mark.django_db
def test_workers_of_a_silent_host_are_asked_but_not_alive():
    for seconds in (1, 300, 200_000):
        last_seen = NOW - timedelta(seconds=seconds)
        WorkerHost.objects.create(
            host="w", pid=seconds, version="0", workers=2, last_seen=last_seen
        )
    counts = read_counts(NOW)
    assert (counts.workers_alive, counts.workers_asked) == (2, 4)


@pytest.mark.django_db
def test_the_strip_never_shows_a_password():
    Source.objects.create(name="a", kind="autopack", url="postgresql://m:secret@db/x")
    assert read_counts(NOW).source == "postgresql://m:***@db/x"


def test_a_signed_out_page_asks_the_database_nothing():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    request.resolver_match = None
    assert build_shell(request).counts.runs == 0


@pytest.mark.django_db
def test_a_page_goes_compressed_to_a_browser_that_takes_it():
    client = signed_in(Role.VIEWER)
    plain = client.get("/")
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 3
    assert "Accept-Encoding" in packed["Vary"]


PARTS_OF_PAGES = ("", "runs/", "drains/", "drains/1/", "drains/new/", "queued/", "fingerprints/", "telemetry/",
    "workers/", "search/?q=ab", "bulk/1/", "phases/1/", "runs/1/")  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("path", PARTS_OF_PAGES)
def test_no_browser_keeps_a_part_of_a_page_under_the_address_of_the_page(path):
    # "Back" would show the part, without styles and navigation.
    PhaseFactory(pk=1, run=RunFactory(pk=1))
    SessionFactory(pk=1)
    BulkAction.objects.create(pk=1, verb="clear_queued", label="Clear", things="phases", reason="old", actor="olga",
        origin="browser", total=1, state="finished")  # fmt: skip
    answer = signed_in(Role.OPERATOR).get(f"/{path}", headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_refresh_brings_the_counts_of_the_frame_and_other_parts_do_not():
    client = signed_in(Role.VIEWER)
    asked = {"HX-Request": "true"}
    assert b"nav-links" not in client.get("/runs/", headers=asked).content
    asked["X-Drain-Refresh"] = "1"
    refreshed = client.get("/runs/", headers=asked).content.decode()
    for part in ("nav-links", "strip-runs", "strip-phases"):
        assert f'id="{part}" data-live-part' in refreshed
    assert 'aria-current="page">Runs' in refreshed
