"""Single sign-on counts only from listed proxies; sessions end; the address in the audit is no hearsay."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory

from drain.models import AuditEvent
from drain.models.roles import Role
from drain.people import stay
from drain.people.requests import address_of
from drain.people.sign_on import ProxySignOnMiddleware
from tests.people import person, signed_in

pytestmark = pytest.mark.django_db
PROXY = "10.0.0.9"


@pytest.fixture
def behind_proxy(settings):
    settings.DRAIN_SSO_HEADER = "X-Remote-User"
    settings.DRAIN_TRUSTED_PROXIES = ["10.0.0.0/24"]


def _get(client, name, address=PROXY, path="/runs/"):
    return client.get(path, headers={"X-Remote-User": name}, REMOTE_ADDR=address)


def test_the_header_is_nothing_while_single_sign_on_is_off():
    person(Role.ADMINISTRATOR)
    assert _get(Client(), "administrator").status_code == 302


@pytest.mark.usefixtures("behind_proxy")
class TestBehindAProxy:
    def test_a_trusted_proxy_signs_somebody_in(self):
        person(Role.VIEWER)
        assert _get(Client(), "viewer").status_code == 200

    def test_anybody_else_who_sends_the_header_is_a_stranger(self):
        person(Role.ADMINISTRATOR)
        assert _get(Client(), "administrator", "192.0.2.1").status_code == 302
        assert _get(Client(), "administrator", "10.0.1.9").status_code == 302

    def test_a_new_person_gets_an_account_without_a_role_or_a_password(self):
        assert _get(Client(), "newcomer").status_code == 403
        made = User.objects.get(username="newcomer")
        assert not made.groups.exists()
        assert not made.has_usable_password()
        assert not made.is_staff
        line = AuditEvent.objects.get(verb="user.sign_up")
        assert (line.actor, line.label, line.address) == ("newcomer", "newcomer", PROXY)

    def test_who_is_switched_off_stays_out(self):
        found = person(Role.VIEWER)
        found.is_active = False
        found.save()
        assert _get(Client(), "viewer").status_code == 302

    def test_without_the_header_the_proxys_session_ends(self):
        person(Role.VIEWER)
        client = Client()
        _get(client, "viewer")
        assert client.get("/runs/", REMOTE_ADDR=PROXY).status_code == 302

    def test_another_name_in_the_header_is_another_person(self):
        person(Role.VIEWER)
        client = Client()
        _get(client, "viewer")
        assert _get(client, "somebody-else").status_code == 403

    def test_a_name_of_control_characters_makes_no_account(self):
        _get(Client(), "a\u202eb")
        _get(Client(), "x" * 200)
        assert not User.objects.exists()

    def test_only_a_trusted_proxy_may_say_whom_it_speaks_for(self):
        ask = RequestFactory().get
        headers = {"X-Forwarded-For": "1.1.1.1, 198.51.100.7, 10.0.0.8"}
        assert address_of(ask("/", headers=headers, REMOTE_ADDR=PROXY)) == "198.51.100.7"
        assert address_of(ask("/", headers=headers, REMOTE_ADDR="192.0.2.1")) == "192.0.2.1"
        rubbish = {"X-Forwarded-For": "<script>, x"}
        assert address_of(ask("/", headers=rubbish, REMOTE_ADDR=PROXY)) == PROXY


def _aged(client: Client, key: str, seconds: float) -> None:
    session = client.session
    session[key] -= seconds
    session.save()


def test_who_leaves_is_signed_out_and_a_page_that_asks_by_itself_does_not_count(settings):
    client = signed_in(Role.VIEWER)
    assert client.get("/runs/").status_code == 200
    _aged(client, stay.SEEN, settings.DRAIN_SESSION_IDLE_SECONDS - 10)
    seen = client.session[stay.SEEN]
    client.get("/runs/", headers={"HX-Request": "true"})
    assert client.session[stay.SEEN] == seen
    _aged(client, stay.SEEN, 20)
    assert client.get("/runs/").status_code == 302


def test_nobody_stays_longer_than_the_longest_time(settings):
    client = signed_in(Role.VIEWER)
    client.get("/runs/")
    _aged(client, stay.SINCE, settings.DRAIN_SESSION_MAX_SECONDS + 1)
    assert client.get("/runs/").status_code == 302


def test_failures_at_the_sign_in_page_lock_it():
    User.objects.create_user("ada", password="right-horse")
    client = Client()
    for _ in range(8):
        answer = client.post("/login/", {"username": "ada", "password": "wrong"})
    assert answer.status_code == 429
    right = client.post("/login/", {"username": "ada", "password": "right-horse"})
    assert right.status_code == 429


NOT_IN_PRODUCTION = {"DRAINSITE_TESTING", "DJANGO_ALLOW_ASYNC_UNSAFE"}


def test_production_settings_pass_djangos_deployment_check(tmp_path):
    environment = {
        **{key: value for key, value in os.environ.items() if key not in NOT_IN_PRODUCTION},
        "DRAIN_HTTPS": "1",
        "SECRET_KEY": "an-example-that-is-long-enough-and-random-0123456789-qwertzuiop",
        "ALLOWED_HOSTS": "drains.example.org",
        "DATABASE_URL": "postgresql://nobody@localhost/none",
        "DRAINSITE_DATA": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_what_a_stranger_says_in_the_header_reaches_no_view(settings):
    settings.DRAIN_SSO_HEADER = "X-Remote-User"
    settings.DRAIN_TRUSTED_PROXIES = ["10.1.0.0/16"]
    request = RequestFactory(REMOTE_ADDR="203.0.113.9").get("/", headers={"x-remote-user": "ada"})
    request.session = {}  # type: ignore[assignment]
    assert request.headers["X-Remote-User"] == "ada"
    ProxySignOnMiddleware(lambda _request: HttpResponse())(request)
    assert "X-Remote-User" not in request.headers
