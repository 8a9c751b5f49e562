"""Only a token that holds opens the API; every refusal is one sentence in JSON with the right status."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from drain.models import ApiToken, AuditEvent
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import MARK, issue_token, use_token
from tests.people import person, signed_in

pytestmark = pytest.mark.django_db


def test_without_a_valid_token_nothing_is_said(script):
    secret = script().token
    for header in (
        "",
        "Bearer",
        f"Basic {secret}",
        f"Bearer {secret}x",
        f"Bearer {MARK}",
        "Bearer \x00",
    ):
        answer = Client().get("/api/v1/overview", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert "Bearer" in answer["WWW-Authenticate"]
        assert "A valid token is missing" in answer.json()["error"]


def test_the_cookie_of_a_browser_opens_nothing_so_there_is_nothing_to_forge():
    browser = signed_in(Role.ADMINISTRATOR)
    assert browser.get("/api/v1/overview").status_code == 401
    assert browser.post("/api/v1/drains").status_code == 401
    assert not AuditEvent.objects.exists()


def test_a_token_is_kept_as_a_hash_and_notes_when_it_was_used(script):
    asked = script()
    token = ApiToken.objects.get()
    assert asked.token not in {token.digest, token.prefix, token.name}
    assert token.last_used_at is None
    asked.get("overview")
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_a_revoked_an_expired_and_a_switched_off_token_hold_no_more(script):
    revoked, expired = script(), script(expires_at=timezone.now() - timedelta(seconds=1))
    expired.get("overview", 401)
    ApiToken.objects.filter(prefix=revoked.token[:12]).update(revoked_at=timezone.now())
    revoked.get("overview", 401)
    off = script()
    User.objects.update(is_active=False)
    off.get("overview", 401)


def test_a_token_may_what_its_person_may_at_that_moment(script):
    asked = script(Role.OPERATOR)
    asked.post("requeue", {}, 422)
    person(Role.OPERATOR).groups.set([Group.objects.get(name=Role.VIEWER)])
    said = asked.post("requeue", {}, 403)["error"]
    assert "needs the role operator" in said
    asked.get("overview")


def test_too_many_requests_of_one_token_wait_and_others_do_not(script, settings):
    settings.DRAIN_API_PER_MINUTE = 2
    asked, other = script(), script()
    asked.get("overview")
    asked.get("overview")
    answer = asked.ask("GET", "overview")
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    other.get("overview")
    ago = timezone.now() - timedelta(seconds=61)
    ApiToken.objects.filter(prefix=asked.token[:12]).update(window_at=ago)
    asked.get("overview")


@pytest.mark.django_db(transaction=True)
def test_requests_of_one_token_at_the_same_time_are_all_counted(settings):
    settings.DRAIN_API_PER_MINUTE = 3
    ada, start = User.objects.create_user("ada"), Barrier(8)
    _, secret = issue_token(ada, "script", Person("ada", Origin.COMMAND), expires_at=None)

    def ask(_: int) -> bool:
        try:
            start.wait()
            used = use_token(secret)
            return used is not None and used.wait == 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 3
    assert ApiToken.objects.get().window_count == 8


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"{", 400),
        (b"[1]", 400),
        (b'"x"', 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"a":1}', 422),
    ],
)
def test_a_body_that_is_no_object_is_refused(script, data, status):
    answer = script().raw("POST", "requeue", data)
    assert answer.status_code == status
    assert len(json.loads(answer.content)["error"]) < 300


def test_a_body_of_many_megabytes_is_refused(script):
    answer = script().raw("POST", "requeue", b"x" * 3_000_000)
    assert answer.status_code == 413


def test_an_address_that_is_not_there_says_so_in_json(script):
    assert "docs/api.md" in script().get("nowhere", 404)["error"]
    assert "docs/api.md" in script().get("bulk/a%0Ab/cancel", 404)["error"]
    assert (
        "does not answer to evil.example"
        in script().ask("GET", "runs", Host="evil.example").json()["error"]
    )
    assert script().ask("DELETE", "sessions").status_code == 405
    assert script().ask("DELETE", "sessions")["Allow"] == "GET"


class TestMakingOne:
    ADDRESS = "/admin/drain/apitoken/add/"

    def test_the_secret_is_shown_once_and_works(self):
        administrator = signed_in(Role.ADMINISTRATOR)
        ada = person(Role.VIEWER, "ada")
        form = {"user": ada.pk, "name": "nightly", "days": 30, "reason": "the nightly asks"}
        answer = administrator.post(self.ADDRESS, form)
        page = answer.content.decode()
        secret = page.partition("<code>")[2].partition("</code>")[0]
        assert "no-store" in answer["Cache-Control"]
        used = use_token(secret)
        assert used is not None
        assert used.user == ada
        token = ApiToken.objects.get()
        assert token.expires_at is not None
        assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=30)
        event = AuditEvent.objects.get()
        assert (event.verb, event.actor, event.reason) == (
            "apitoken.issue", "administrator", "the nightly asks",
        )  # fmt: skip
        for path in ("", f"{token.pk}/change/"):
            shown = administrator.get(f"/admin/drain/apitoken/{path}").content.decode()
            assert secret not in shown
            assert token.digest not in shown
        assert secret not in str(event.new)

    def test_only_superusers_make_keys_of_superusers(self):
        root = User.objects.create_superuser("root", password="x")
        form = {"user": root.pk, "name": "x", "days": 1, "reason": ""}
        page = signed_in(Role.ADMINISTRATOR).post(self.ADDRESS, form).content.decode()
        assert "Select a valid choice" in page
        assert not ApiToken.objects.exists()

    def test_managers_make_none(self):
        assert signed_in(Role.MANAGER).get(self.ADDRESS).status_code == 403

    def test_revoking_ends_it_with_a_reason(self, script):
        asked = script()
        token = ApiToken.objects.get()
        form = {
            "action": "revoke", "_selected_action": token.pk, "index": 0, "confirmed": "yes",
            "reason": "it leaked",
        }  # fmt: skip
        signed_in(Role.ADMINISTRATOR).post(reverse("admin:drain_apitoken_changelist"), form)
        asked.get("overview", 401)
        assert AuditEvent.objects.get(verb="apitoken.revoke").reason == "it leaked"
