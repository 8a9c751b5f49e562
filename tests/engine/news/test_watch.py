"""News is told once, whatever died before telling it, and old, recurring or good events are none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import resolve

from drain.engine.news import watch as news
from drain.engine.news.post import post
from drain.engine.news.watch import watch, watch_drains
from drain.engine.sessions.results import session_counts
from drain.evidence.fingerprints.lifecycle import By, deploy_fix, regress
from drain.evidence.fingerprints.lifecycle import resolve as say_resolved
from drain.models import (
    Autopilot,
    Delivery,
    Fingerprint,
    FixMarker,
    Notice,
    Rollout,
    Transition,
    Webhook,
    WorkerHost,
)
from drain.models.vocabulary import NEWS, NoticeKind, Origin
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
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def told(kind: NoticeKind) -> list[str]:
    return list(Notice.objects.filter(kind=kind).order_by("pk").values_list("title", flat=True))


@pytest.fixture
def hook():
    return Webhook.objects.create(
        name="x", url="https://example.org/", salt="s", key_check="k", kinds=[k.value for k in NEWS]
    )


def test_a_drain_that_ended_is_told_once_and_one_that_goes_on_is_not(hook):
    session = SessionFactory(
        state="stopped", stop_reason="failure_rate", selected=40, ended_at=NOON
    )
    SessionFactory(state="running", ended_at=None)
    assert watch_drains(NOON + MINUTE) == 1
    assert watch_drains(NOON + 2 * MINUTE) == 0
    assert told(NoticeKind.DRAIN_ENDED) == [
        f"Drain {session.pk} was stopped (failure rate): 40 selected, 0 complete, 0 failed"
    ]
    assert Delivery.objects.count() == 1


def test_a_drain_that_was_interrupted_and_went_on_is_told_at_each_of_its_ends(hook):
    session = SessionFactory(state="interrupted", ended_at=NOON)
    assert watch_drains(NOON + MINUTE) == 1
    session.state, session.ended_at = "finished", NOON + HOUR
    session.save()
    assert watch_drains(NOON + HOUR + MINUTE) == 1
    assert len(told(NoticeKind.DRAIN_ENDED)) == 2


def test_what_is_older_than_a_day_is_no_news(hook):
    SessionFactory(state="finished", ended_at=NOON)
    WorkerHost.objects.create(host="old", pid=1, version="1", workers=1, last_seen=NOON)
    assert watch(NOON + timedelta(days=2)) == 0


def fixed(**more):
    found = FingerprintFactory(title="KeyError: 'x'", **more)
    by = By("ann", Origin.COMMAND, NOON)
    assert deploy_fix(found.pk, by)
    return found, by


def test_a_fingerprint_that_failed_again_after_its_fix_is_told_once(hook):
    found, by = fixed()
    assert regress(found.pk, by)
    at = Transition.objects.get(to_state="regressed").at
    assert watch(at + MINUTE) == 1
    assert watch(at + 2 * MINUTE) == 0
    assert told(NoticeKind.REGRESSED) == ["Failed again after its fix: KeyError: 'x'"]


def test_the_same_fingerprint_says_nothing_more_for_an_hour(hook):
    found, by = fixed()
    regress(found.pk, by)
    at = Transition.objects.get(to_state="regressed").at
    watch(at + MINUTE)
    say_resolved(found.pk, by)
    regress(found.pk, by)
    assert watch(at + 2 * MINUTE) == 0
    Notice.objects.update(since=at - 2 * HOUR)
    assert watch(at + 3 * MINUTE) == 1


def failed_by(key: str, count: int, at=NOON):
    run = RunFactory()
    for _ in range(count):
        AttemptFactory(phase=PhaseFactory(run=run), fingerprint=key, started_at=at)


def test_a_new_fingerprint_is_news_from_n_phases_an_hour_on(hook, settings):
    settings.DRAIN_NEWS_PER_HOUR = 3
    FingerprintFactory(key="new", title="Boom", first_seen=NOON, status="ongoing")
    failed_by("new", 2)
    again = PhaseFactory(state="COMPLETE")
    for _ in range(5):
        AttemptFactory(phase=again, fingerprint="old-one", started_at=NOON)
    assert watch(NOON + 10 * MINUTE) == 0
    failed_by("new", 1)
    assert watch(NOON + 10 * MINUTE) == 1
    assert told(NoticeKind.NEW_FINGERPRINT) == ["New, 3 phases failed by it within an hour: Boom"]
    failed_by("new", 5)
    assert watch(NOON + 20 * MINUTE) == 0


def test_ten_tries_of_one_phase_old_fingerprints_and_old_failures_are_no_news(hook, settings):
    settings.DRAIN_NEWS_PER_HOUR = 3
    FingerprintFactory(key="one", first_seen=NOON)
    phase = PhaseFactory(state="COMPLETE")
    for _ in range(10):
        AttemptFactory(phase=phase, fingerprint="one", started_at=NOON)
    FingerprintFactory(key="known", first_seen=NOON - timedelta(days=3))
    failed_by("known", 5)
    FingerprintFactory(key="muted", first_seen=NOON, status="muted")
    failed_by("muted", 5)
    FingerprintFactory(key="earlier", first_seen=NOON - 3 * HOUR)
    failed_by("earlier", 5, NOON - 3 * HOUR)
    assert watch(NOON + 10 * MINUTE) == 0


def test_imported_failures_count_and_merged_ones_count_for_what_they_stand_for(hook, settings):
    settings.DRAIN_NEWS_PER_HOUR = 4
    target = FingerprintFactory(key="target", title="Boom", first_seen=NOON)
    FingerprintFactory(key="merged", first_seen=NOON, merged_into=target)
    run = RunFactory()
    for key in ("target", "merged", "merged", "target"):
        PhaseFactory(run=run, last_fingerprint=key, state_changed_at=NOON)
    assert watch(NOON + 10 * MINUTE) == 1
    assert told(NoticeKind.NEW_FINGERPRINT) == ["New, 4 phases failed by it within an hour: Boom"]


def test_stale_phases_are_told_at_most_once_in_six_hours(hook, settings):
    settings.DRAIN_STALE_AFTER = HOUR
    PhaseFactory(state="QUEUED", state_changed_at=NOON - 2 * HOUR)
    assert watch(NOON) == 1
    assert watch(NOON + 5 * HOUR) == 0
    assert told(NoticeKind.STALE) == ["1 queued phase is stale and may block others"]
    assert watch(NOON + 7 * HOUR) == 1


def test_a_source_says_for_itself_when_its_phases_are_stale(hook, settings):
    settings.DRAIN_STALE_AFTER = HOUR
    run = RunFactory(source=SourceFactory(stale_after=timedelta(days=3)))
    PhaseFactory(run=run, state="QUEUED", state_changed_at=NOON - 2 * HOUR)
    assert watch(NOON) == 0


def test_a_host_that_went_silent_is_told_once_and_one_that_ended_or_is_back_is_not(hook):
    common = {"pid": 1, "version": "1", "workers": 2, "slots": 8}
    gone = WorkerHost.objects.create(host="gone", last_seen=NOON, **common)
    WorkerHost.objects.create(host="ended", last_seen=NOON, stopped_at=NOON, **common)
    WorkerHost.objects.create(host="back", last_seen=NOON, **common)
    WorkerHost.objects.create(host="back", **common)
    assert watch(NOON + MINUTE / 2) == 0
    assert watch(NOON + 2 * MINUTE) == 1
    assert watch(NOON + 3 * MINUTE) == 0
    assert told(NoticeKind.HOST_SILENT) == ["Worker host gone is silent since 12:00 UTC"]
    WorkerHost.objects.filter(pk=gone.pk).update(last_seen=NOON + HOUR)
    assert watch(NOON + HOUR + 2 * MINUTE) == 1


def test_what_breaks_in_one_look_keeps_nobody_from_the_others(hook, monkeypatch, caplog):
    monkeypatch.setattr("drain.engine.news.watch.regressed", lambda _now: 1 / 0)
    WorkerHost.objects.create(host="gone", pid=1, version="1", workers=1, last_seen=NOON)
    assert watch(NOON + 2 * MINUTE) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_drain_or_a_drain_on_fix_that_makes_no_sense_hides_none_that_ended_later(
    hook, monkeypatch, caplog
):
    bad, good = (SessionFactory(state="finished", ended_at=NOON + n * MINUTE) for n in range(2))
    counts = session_counts
    monkeypatch.setattr(news, "session_counts", lambda pk: 1 / 0 if pk == bad.pk else counts(pk))
    for number, card in enumerate(({}, {"rule": "partly", "sentence": "Partly."})):
        marker = FixMarker.objects.create(title="Pinned", applied_at=NOON, created_by="ann")
        Rollout.objects.create(
            marker=marker, sample=24, state="stopped", ended_at=NOON + number * MINUTE, card=card
        )
    assert watch_drains(NOON + HOUR) == 2
    assert [str(good.pk) in title for title in told(NoticeKind.DRAIN_ENDED)] == [True]
    assert [f"FM-{marker.pk}" in title for title in told(NoticeKind.ROLLOUT_ENDED)] == [True]
    assert f"news of drain {bad.pk} failed" in caplog.text


def test_news_that_cannot_be_written_down_keep_no_other_from_it(hook, monkeypatch):
    bad, good = (SessionFactory(state="finished", ended_at=NOON + n * MINUTE) for n in range(2))

    def breaks(event, quiet):
        return 1 / 0 if event.about == str(bad.pk) else post(event, quiet)

    monkeypatch.setattr(news, "post", breaks)
    assert watch_drains(NOON + HOUR) == 1
    assert Notice.objects.get().about == str(good.pk)


def test_every_link_leads_to_a_page(hook, settings):
    settings.DRAIN_NEWS_PER_HOUR = 1
    SessionFactory(state="finished", ended_at=NOON)
    PhaseFactory(state="QUEUED", state_changed_at=NOON - timedelta(days=1))
    WorkerHost.objects.create(host="gone", pid=1, version="1", workers=1, last_seen=NOON)
    found, by = fixed(key="k", first_seen=NOON)
    autopilot = Autopilot.objects.create(
        name="nightly", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON,
        paused_at=NOON, paused_by="autopilot nightly", budget_used_at=NOON, created_by="ann",
    )  # fmt: skip
    Rollout.objects.create(
        marker=FixMarker.objects.create(title="Pinned", applied_at=NOON, created_by="ann"),
        sample=24, state="stopped", ended_at=NOON, card={"rule": "partly", "sentence": "Partly."},
    )  # fmt: skip
    Autopilot.objects.create(
        name="paused by ann", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON,
        paused_at=NOON, paused_by="ann", created_by="ann",
    )  # fmt: skip
    regress(found.pk, by)
    Transition.objects.filter(to_state="regressed")
    FingerprintFactory(key="new", first_seen=NOON)
    failed_by("new", 1)
    watch(NOON + 5 * MINUTE)
    at = Transition.objects.get(to_state="regressed").at
    watch(at + MINUTE)
    paths = dict(Notice.objects.values_list("kind", "path"))
    assert paths.keys() == {kind.value for kind in NEWS}
    for path in paths.values():
        assert resolve(path.partition("?")[0]).url_name
    assert Fingerprint.objects.count() == 2
    paused = Notice.objects.get(kind=NoticeKind.AUTOPILOT_PAUSED)
    assert paused.about == autopilot.name, "what a person paused is no news"
    assert Notice.objects.get(kind=NoticeKind.ROLLOUT_ENDED).title == (
        f"Drain on fix FM-{Rollout.objects.get().marker_id} (Pinned) stopped: Partly."
    )
