"""Sign-ins, failed ones, lockouts, sign-outs and changes of a password stand in the audit."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from drain.models import AuditEvent
from drain.people import signed

pytestmark = pytest.mark.django_db
RIGHT = {"username": "m.ortiz", "password": "right-one"}
WRONG = {"username": "m.ortiz", "password": "wrong-one"}


@pytest.fixture
def browser():
    get_user_model().objects.create_superuser(**RIGHT)
    return Client(REMOTE_ADDR="203.0.113.9")


def lines() -> list[tuple[str, str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", "actor", "address"))


def test_signing_in_and_out_are_lines(browser):
    browser.post("/login/", RIGHT)
    browser.post("/logout/")
    who = ("m.ortiz", "203.0.113.9")
    assert lines() == [("sign_in", *who), ("sign_out", *who)]


def test_failures_and_the_lock_are_lines_without_the_password(browser, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        browser.post("/login/", WRONG)
    verbs = [verb for verb, _, _ in lines()]
    assert verbs.count("sign_in.failed") == settings.AXES_FAILURE_LIMIT
    assert "sign_in.locked" in verbs
    assert "wrong-one" not in str(list(AuditEvent.objects.values()))


def test_guessing_from_many_names_does_not_fill_the_table(browser, monkeypatch):
    monkeypatch.setattr(signed, "FAILURES_A_MINUTE", 3)
    for n in range(6):
        browser.post("/login/", {"username": f"name-{n}", "password": "x"})
    assert len(lines()) == 3
    later = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=61))
    monkeypatch.setattr(signed, "timezone", later)
    browser.post("/login/", WRONG)
    assert len(lines()) == 4, "the bound is one of a minute"


def test_another_password_is_a_line(browser):
    browser.post("/login/", RIGHT)
    new = "zK3-fuq_91xy-new"
    form = {"old_password": RIGHT["password"], "new_password1": new, "new_password2": new}
    refused = browser.post("/admin/password_change/", {**form, "old_password": "wrong"})
    assert refused.status_code == 200
    assert "password.change" not in [verb for verb, _, _ in lines()]
    assert browser.post("/admin/password_change/", form).status_code == 302
    assert ("password.change", "m.ortiz", "203.0.113.9") in lines()
    assert new not in str(list(AuditEvent.objects.values()))


def test_guessing_the_old_password_locks_as_guessing_at_the_sign_in_does(browser, settings):
    browser.post("/login/", RIGHT)
    new = "zK3-fuq_91xy-new"
    form = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    answers = [
        browser.post("/admin/password_change/", form).status_code
        for _ in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert answers[-1] == 429
    right = browser.post("/admin/password_change/", {**form, "old_password": RIGHT["password"]})
    assert right.status_code == 429
    assert "sign_in.locked" in [verb for verb, _, _ in lines()]
    assert get_user_model().objects.get().check_password(RIGHT["password"])
