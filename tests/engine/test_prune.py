"""Prune deletes by age what grows, and every table has an age or a reason to stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.sessions.models import Session as BrowserSession
from django.db.models import CASCADE

from drain.engine.prune import STAYS, prune
from drain.models import (
    AuditEvent,
    BulkAction,
    Check,
    CheckResult,
    DrainSession,
    FixMarker,
    Notice,
    Rollout,
    Transition,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER, KEEP = NOON + timedelta(days=100), timedelta(days=90)
BY_AGE = {Transition, AuditEvent, DrainSession, BulkAction, Notice, CheckResult, Rollout}


def test_every_table_is_deleted_by_age_or_with_one_that_is_or_has_a_reason_to_stay():
    stays = {f"drain.{name}" for names in STAYS.values() for name in names.split()}
    ours = list(apps.get_app_config("drain").get_models(include_auto_created=True))
    gone = set(BY_AGE)
    while True:
        more = {
            model
            for model in ours
            for field in model._meta.concrete_fields
            if field.related_model in gone and getattr(field.remote_field, "on_delete", 0) is CASCADE
        } - gone  # fmt: skip
        if not more:
            break
        gone |= more
    undecided = [each._meta.label_lower for each in ours if each not in gone]
    assert sorted(set(undecided) - stays) == []
    assert stays <= {each._meta.label_lower for each in ours}


def test_results_of_checks_go_by_age_but_for_the_newest_of_each():
    check = Check.objects.create(kind="completion_rate", name="half")
    kept = [CheckResult.objects.create(check_run=check, verdict="pass") for _ in range(3)]
    CheckResult.objects.filter(pk__in=[each.pk for each in kept]).update(at=NOON)
    assert prune(LATER, KEEP, chunk=1).checks == 2
    assert list(CheckResult.objects.values_list("pk", flat=True)) == [kept[-1].pk]


def test_failed_sign_ins_and_browser_sessions_that_are_over_go_by_age():
    for key, ends in (("over", NOON), ("alive", LATER)):
        BrowserSession.objects.create(session_key=key, session_data="", expire_date=ends)
    AccessAttempt.objects.create(username="ann", ip_address="10.0.0.7", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=NOON)
    assert prune(LATER, KEEP, chunk=1).sign_ins == 2
    assert list(BrowserSession.objects.values_list("session_key", flat=True)) == ["alive"]
    assert not AccessAttempt.objects.exists()


def test_drains_on_fix_that_are_over_go_by_age_and_their_fixes_stay():
    for number, ended_at in enumerate((NOON, LATER, None)):
        marker = FixMarker.objects.create(title=str(number), applied_at=NOON, created_by="ann")
        state = "stopped" if ended_at else "waiting"
        Rollout.objects.create(marker=marker, sample=24, state=state, ended_at=ended_at)
    assert prune(LATER, KEEP).rollouts == 1
    assert list(Rollout.objects.order_by("pk").values_list("marker__title", flat=True)) == [
        "1",
        "2",
    ]
    assert FixMarker.objects.count() == 3
