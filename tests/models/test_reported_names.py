"""New names an hour of an executor: known ones cost nothing, two that make one at once make one;
what is noted, and when.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from drain.models import Fingerprint
from drain.models.fingerprints import reported as fingerprint_reported
from drain.models.fingerprints.reported import note_given_way, too_many
from tests.engine.attempts.meetings import elsewhere, held_up
from tests.factories import FingerprintFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint_reported, "MOST_NEW", 1)


@pytest.mark.django_db(transaction=True)
def test_who_reports_names_that_are_known_waits_for_nobody() -> None:
    FingerprintFactory(key="known", executor="e")
    with transaction.atomic():
        assert too_many({"e": ["new"]}) == {"new"}
        assert elsewhere(lambda: in_transaction("known")) == set()


@pytest.mark.django_db(transaction=True)
def test_a_name_that_another_worker_has_made_meanwhile_is_known() -> None:
    with held_up(lambda: in_transaction("new")) as second:
        assert too_many({"e": ["new"]}) == set()
        FingerprintFactory(key="new", executor="e")
    assert second() == set()


def in_transaction(name: str) -> set[str]:
    with transaction.atomic():
        return too_many({"e": [name]})


def test_who_gave_way_is_noted_on_its_own_fingerprint_once_a_minute_and_for_each_executor() -> None:
    for key in ("k", "other"):
        FingerprintFactory(key=key)

    def noted(executor: str, ago: int) -> bool:
        at = Now() - timedelta(seconds=ago)
        Fingerprint.objects.filter(key="k").update(limited_at=at, limited_executor="e")
        before = Fingerprint.objects.get(key="k").limited_at
        note_given_way({"k": executor})
        return Fingerprint.objects.get(key="k").limited_at != before

    assert [noted("e", 58), noted("e", 62), noted("f", 58)] == [False, True, True]
    assert Fingerprint.objects.get(key="other").limited_at is None
