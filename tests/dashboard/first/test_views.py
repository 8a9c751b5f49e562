"""The first account, through the address that `up` prints: once, for an hour, while there is none."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.signing import TimestampSigner
from django.db import connection
from django.test import Client
from django.utils import timezone

from drain.models import AuditEvent
from drain.people import first_account as first
from drain.people.first_account import NotInvitedError, accept_invitation, invitation
from drainsite.management.commands.up import Command
from drainsite.management.serving import ServeOptions

PASSWORD = "correct horse battery"


def _address() -> str:
    token = invitation()
    assert token is not None
    return f"/first/{token}/"


def _choose(address: str, **typed: str):
    return Client().post(address, {"name": "ada", "password": PASSWORD, "again": PASSWORD, **typed})


@pytest.mark.django_db
def test_whoever_opens_the_address_becomes_the_administrator_and_is_signed_in():
    browser = Client()
    address = _address()
    asked = browser.get(address).content.decode()
    assert "Nobody can sign in to this site yet" in asked
    assert "at least 12 characters" in asked
    answer = browser.post(address, {"name": "ada", "password": PASSWORD, "again": PASSWORD})
    assert answer.headers["Location"] == "/"
    assert browser.get("/").status_code == 200
    made = User.objects.get()
    assert (made.username, made.is_superuser, made.is_staff) == ("ada", True, True)
    assert made.check_password(PASSWORD)
    event = AuditEvent.objects.get(verb="user.first_account")
    assert (event.actor, event.label, event.origin) == ("ada", "ada", "browser")
    assert PASSWORD not in str(event.new)


@pytest.mark.django_db
def test_up_without_a_terminal_prints_the_address_while_nobody_can_sign_in():
    def printed() -> str:
        out = StringIO()
        Command(stdout=out)._introduce(ServeOptions(host="127.0.0.1", port=8123))
        return out.getvalue()

    found = re.search(
        r"once it serves, within 60 minutes, open http://127\.0\.0\.1:8123(/first/\S+)", printed()
    )
    assert found is not None
    assert not User.objects.exists()
    assert _choose(found[1]).status_code == 302
    assert printed() == ""


@pytest.mark.django_db
def test_the_address_is_of_no_use_again():
    address = _address()
    _choose(address)
    assert invitation() is None
    for answer in (Client().get(address), _choose(address, name="eve")):
        assert answer.status_code == 404
        assert "has its first account already" in answer.content.decode()
        assert 'name="password"' not in answer.content.decode()
    assert User.objects.get().username == "ada"


@pytest.mark.django_db
def test_the_address_ends_after_an_hour(monkeypatch):
    address = _address()
    old = (timezone.now() + timedelta(minutes=first.VALID_MINUTES, seconds=2)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: old)
    answer = _choose(address)
    assert answer.status_code == 404
    assert "older than 60 minutes" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["first", "x:y:z", "signed elsewhere", "first:1tQ3p4:guessed"])
def test_an_address_that_the_site_did_not_sign_makes_nothing(token):
    if token == "signed elsewhere":
        token = TimestampSigner(salt="other").sign("first")
    assert _choose(f"/first/{token}/").status_code == 404
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"again": "another"}, "The passwords differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "", "again": ""}, ""),
        ({"name": ""}, "cannot be blank"),
        ({"name": "a b<script>"}, "valid username"),
    ],
)
def test_what_cannot_be_an_account_is_refused_and_the_address_stays(typed, sentence):
    address = _address()
    answer = _choose(address, **typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "a b<script>" not in answer.content.decode()
    assert not User.objects.exists()
    assert _choose(address).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_gets_the_account(monkeypatch):
    token = invitation()
    assert token is not None
    both = threading.Barrier(2, timeout=30)

    def together(*given: object) -> None:
        # Both have seen that there is no account yet.
        validate_password(*given)  # type: ignore[arg-type]
        both.wait()

    monkeypatch.setattr("drain.people.first_account.validate_password", together)
    said: list[str] = []

    def choose(name: str) -> None:
        try:
            said.append(accept_invitation(token, name, PASSWORD, "").username)
        except NotInvitedError:
            said.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=choose, args=[name]) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said)[1] == "refused" if "ada" in said else sorted(said) == ["eve", "refused"]
    assert User.objects.count() == 1
    assert AuditEvent.objects.filter(verb="user.first_account").count() == 1
