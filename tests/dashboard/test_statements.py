"""Pages ask the database at most twelve times, with everything on them that they can show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.dashboard.runs import list_count, list_query, views
from drain.engine.workers.hosts import register_host
from drain.models import (
    Dependency,
    Fingerprint,
    FingerprintSplit,
    FixMarker,
    Hold,
    Note,
    SavedView,
    SessionFingerprint,
    SessionRun,
    TelemetryEvent,
    Transition,
    WorkerHost,
)
from drain.models.roles import Role
from drain.policy.stopping.limits import Limits
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)
from tests.statements import statements

pytestmark = pytest.mark.django_db
MOST = 12


def asked(client, address):
    """The page, after what all pages share was read, and the statements of Django and those by hand."""
    client.get(address)
    with statements() as found:
        answer = client.get(address)
    assert answer.status_code == 200
    assert len(found) <= MOST, [" ".join(each.split())[:90] for each in found]
    return answer.content.decode()


@pytest.fixture
def operator():
    client = signed_in(Role.OPERATOR)
    user = client.session["_auth_user_id"]
    SavedView.objects.create(user_id=user, page="run-list", name="Mine", query="q=build")
    return client


@pytest.fixture
def runs(monkeypatch):
    """More runs than a page shows, with notes and holds, that hold a word in a name or in an error."""
    monkeypatch.setattr(list_query, "PAGE", 2)
    monkeypatch.setattr(views, "PAGE", 2)
    made = [RunFactory(run_id=f"night-{n}", source=SourceFactory()) for n in range(6)]
    for n, run in enumerate(made):
        for _ in range(n % 3 + 1):
            PhaseFactory(run=run, last_failure_reason="Timeout in setUp", attempts=1)
        PhaseFactory(run=run, state="QUEUED")
        Note.objects.create(run=run, text="seen", created_by="ann", origin="browser")
    Hold.objects.create(kind="prefix", value="night-", reason="x", created_by="ann", origin="cli")
    return made


@pytest.mark.parametrize("near", [0, 80])
@pytest.mark.parametrize(
    "query",
    ["", "?state=FAILED", "?state=QUEUED", "?stale=1", "?held=1", "?q=night", "?q=timeout", "?sort=-all&from=2"],
)  # fmt: skip
def test_the_list_of_runs(operator, runs, monkeypatch, query, near):
    monkeypatch.setattr(list_query, "NEAR", near)
    assert "night-" in asked(operator, f"/runs/{query}") or query == "?stale=1"


@pytest.mark.parametrize("few", [0, 1, 5_000])
@pytest.mark.parametrize("typed", ["timeout", "timeo", "night", "needle", "timeout night"])
def test_a_list_says_how_many_runs_match_however_it_finds_out(runs, monkeypatch, typed, few):
    monkeypatch.setattr(list_count, "FEW", few)
    PhaseFactory(
        run=RunFactory(run_id="else"), last_failure_reason="a needle of a night-shift timeout"
    )
    pages = signed_in(Role.OPERATOR)
    count = {"timeout": 7, "timeo": 7, "night": 7, "needle": 1, "timeout night": 1}[typed]
    for near in (0, 80):
        monkeypatch.setattr(list_query, "NEAR", near)
        page = pages.get("/runs/", {"q": typed}).content.decode()
        assert (f"Select all {count} matching" in page) == (count > 2)
    for most, more in ((count, False), (count - 1, count > 3)):
        monkeypatch.setattr(views, "MOST", most)
        monkeypatch.setattr("drain.dashboard.ticked.question.MOST", most)
        monkeypatch.setattr(list_query, "MOST_AT_ONCE", most)
        page = pages.get("/runs/", {"q": typed}).content.decode()
        assert (f"More than {most} match" in page) == more


def test_filters_and_the_order_by_a_count_agree_page_by_page(operator, runs):
    """Most queued first among runs with failed phases, and the other way about; none twice, none lost."""
    only_queued = RunFactory(run_id="night-q")
    only_failed = RunFactory(run_id="night-f")
    for _ in range(9):
        PhaseFactory(run=only_queued, state="QUEUED")
        PhaseFactory(run=only_failed)
    for query, first, absent in (
        ("state=FAILED&sort=-queued", "night-5", "night-q"),
        ("state=FAILED&sort=-failed", "night-f", "night-q"),
        ("state=QUEUED&sort=-queued", "night-q", "night-f"),
        ("state=QUEUED&sort=-failed", "night-5", "night-f"),
        ("held=1&state=QUEUED&sort=-complete", "night-q", "night-f"),
    ):
        seen = []
        for start in (0, 2, 4, 6):
            page = operator.get(f"/runs/?{query}&from={start}").content.decode()
            seen += [name for name in NAMES if f">{name}</a>" in page]
        assert len(seen) == len(set(seen)) == 7, (query, seen)
        assert absent not in seen
        assert f">{first}</a>" in operator.get(f"/runs/?{query}").content.decode()


NAMES = [*(f"night-{n}" for n in range(6)), "night-q", "night-f"]


def test_a_run_with_all_that_its_page_shows(operator):
    run = RunFactory(run_id="night-1", source=SourceFactory())
    cause, drain = FingerprintFactory(), SessionFactory()
    FixMarker.objects.create(title="Mended", applied_at=NOON, created_by="ann")
    Hold.objects.create(kind="run", value="night-1", reason="x", created_by="ann", origin="cli")
    Note.objects.create(run=run, text="seen", created_by="ann", origin="browser")
    queued = PhaseFactory(run=run, state="QUEUED", phase_index=1)
    for place in (2, 3):
        phase = PhaseFactory(
            run=run, phase_index=place, last_fingerprint=cause.key, last_failure_reason="x"
        )
        Dependency.objects.create(phase=phase, prerequisite=queued)
        for number in range(1, 20):
            AttemptFactory(
                phase=phase, run=run, number=number, session=drain, fingerprint=cause.key
            )
    Transition.objects.create(
        subject="phase",
        subject_pk=phase.pk,
        run_pk=run.pk,
        from_state="QUEUED",
        to_state="FAILED",
        verb="v",
        actor="a",
    )
    page = asked(operator, f"/runs/{run.pk}/")
    for shown in (queued.phase_id, "seen", "Release", f"Before drain {drain.pk}", "<svg"):
        assert shown in page, shown


def test_a_phase_with_all_that_its_page_shows(operator):
    run = RunFactory(run_id="a-1")
    Hold.objects.create(kind="prefix", value="a-", reason="broken branch", created_by="ann")
    cause, other = (
        FingerprintFactory(headline="no module", place_known=known) for known in (True, False)
    )
    Fingerprint.objects.filter(pk=other.pk).update(
        status="snoozed", snoozed_until=timezone.now() + timedelta(days=1)
    )
    needed = PhaseFactory(run=run, state="FAILED", phase_index=1)
    phase = PhaseFactory(
        run=run, phase_index=2, last_fingerprint=cause.key, params={"a": 1}, attempts=1
    )
    Dependency.objects.create(phase=phase, prerequisite=needed)
    AttemptFactory(phase=phase, run=run, number=1, error="No module", fingerprint=cause.key)
    TelemetryEvent.objects.create(phase=phase, kind="token_estimation", actual_tokens=1146)
    Transition.objects.create(
        subject="phase", subject_pk=phase.pk, to_state="FAILED", verb="v", actor="a"
    )
    page = asked(operator, f"/phases/{phase.pk}/")
    for shown in ("broken branch", cause.key, needed.phase_id, "1,146", "Parameters"):
        assert shown in page, shown


def test_a_drain_that_runs(operator):
    run, cause = RunFactory(run_id="night-1"), FingerprintFactory()
    drain = SessionFactory(state="running", ended_at=None, selected=4, limits=Limits().to_json())
    SessionRun.objects.create(session=drain, run=run, complete=1, failed=1, waiting=1, timeouts=1)
    SessionFingerprint.objects.create(session=drain, key=cause.key, run_pk=0, count=1)
    register_host(1, ["other"])
    for place, (outcome, status) in enumerate(
        (("complete", "done"), ("failed", "done"), (None, "running"), ("", "waiting"))
    ):
        phase = PhaseFactory(run=run)
        CandidateFactory(
            session=drain,
            run=run,
            phase=phase,
            planned_position=place,
            status=status,
            outcome=outcome or "",
        )
        if status != "waiting":
            ended = NOON if outcome else None
            AttemptFactory(phase=phase, run=run, session=drain, outcome=outcome, finished_at=ended)
    page = asked(operator, f"/drains/{drain.pk}/")
    for shown in ("Timeouts per run", "night-1", "Pause"):
        assert shown in page, shown


def test_a_fingerprint_with_all_that_its_page_shows(operator):
    cause = FingerprintFactory(headline="no module", status="fix_deployed")
    FingerprintFactory(headline="no module", place_known=False)
    merged = FingerprintFactory(merged_into=cause, title="Merged one")
    FingerprintSplit.objects.create(
        fingerprint=cause, part=FingerprintFactory(), by="type", value="x", created_by="ann"
    )
    marker = FixMarker.objects.create(title="Mended", applied_at=NOON, created_by="ann")
    marker.fingerprints.add(cause)
    Note.objects.create(fingerprint=merged, text="seen", created_by="ann", origin="browser")
    AttemptFactory(
        phase=PhaseFactory(last_fingerprint=cause.key), fingerprint=merged.key, error="x"
    )
    page = asked(operator, f"/fingerprints/{cause.key}/")
    for shown in ("seen", "Mended", "Merged one"):
        assert shown in page, shown


def test_workers_of_two_versions_with_what_was_lost_and_what_waits(operator):
    register_host(2, ["default"])
    WorkerHost.objects.update(schema="0001_initial")
    register_host(2, ["default"])
    ExecutorFactory(name="nobody's")
    AttemptFactory(outcome="lost", finished_at=timezone.now(), worker="h:1")
    page = asked(operator, "/workers/")
    for shown in ("nobody", "upgrade", "h:1"):
        assert shown in page, shown
