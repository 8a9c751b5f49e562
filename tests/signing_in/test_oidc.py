"""OpenID Connect, from the button to the page: a real site, a browser session, a provider on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import requests
from django.db import connection

from .provider import CLIENT, SECRET, Provider

pytestmark = pytest.mark.verify

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 300
"""Seconds: only what hangs takes longer, however busy the machine is."""


class Site:
    """A site in a process and a database of its own, with sign-in by the provider."""

    def __init__(self, url: str, database: str, log: Path) -> None:
        self.url = url
        self.log = log
        self._database = database

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self._database, autocommit=True) as connected:
            cursor = connected.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def sign_in(self, **headers: str) -> requests.Response:
        """As somebody who clicks the button on the sign-in page."""
        browser = requests.Session()
        browser.headers.update(headers)
        page = browser.get(f"{self.url}/login/?next=/runs/", timeout=PATIENCE)
        assert 'href="/sign-on/oidc/?next=%2Fruns%2F"' in page.text
        assert "Sign in with Example ID" in page.text
        return browser.get(f"{self.url}/sign-on/oidc/?next=%2Fruns%2F", timeout=PATIENCE)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def environment(provider: Provider) -> dict[str, str]:
    return {
        **os.environ,
        "DRAIN_OIDC_ISSUER": provider.url,
        "DRAIN_OIDC_CLIENT_ID": CLIENT,
        "DRAIN_OIDC_CLIENT_SECRET": SECRET,
        "DRAIN_OIDC_NAME": "Example ID",
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
    }


@pytest.fixture(scope="module")
def site(environment, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Site]:
    name = f"drain_oidc_{os.getpid()}"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        info = connection.connection.info
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    login = f"{quote(info.user)}:{quote(info.password)}"
    database = f"postgresql://{login}@{quote(info.host, safe='')}:{info.port}/{name}"
    folder = tmp_path_factory.mktemp("site")
    given = {**environment, "DATABASE_URL": database, "DRAINSITE_DATA": str(folder)}
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v", "0"], env=given, check=True, timeout=PATIENCE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "drainsite.web", "127.0.0.1", str(port)]
    log = folder / "web.log"
    with (
        log.open("wb") as written,
        subprocess.Popen(argv, env=given, cwd=ROOT, stderr=written) as server,
    ):
        try:
            _wait_for(port, server)
            yield Site(f"http://127.0.0.1:{port}", database, log)
        finally:
            server.terminate()
            server.wait(PATIENCE)
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        # Beside a browser's loop this is a connection of its own, which nobody else would close.
        connection.close()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert server.poll() is None, "the site did not start"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the site did not answer")


@pytest.fixture(autouse=True)
def _afresh(provider: Provider, site: Site) -> None:
    provider.denies = provider.broken = False
    provider.secret = SECRET
    provider.person = {"sub": "1", "preferred_username": "ada", "email": "ada@example.org"}
    for table in ("socialaccount_socialaccount", "auth_user_groups", "auth_user"):
        site.rows(f"DELETE FROM {table}")


def test_a_new_person_gets_an_account_without_a_role_and_a_line_in_the_audit(site):
    answer = site.sign_in()
    assert answer.url == f"{site.url}/runs/"
    assert answer.status_code == 403, "signed in, but nobody gave a role yet"
    assert "The account ada has no role yet" in " ".join(answer.text.split())
    (person,) = site.rows("SELECT username, email, password, is_staff, is_superuser FROM auth_user")
    assert person[:2] == ("ada", "")
    assert str(person[2]).startswith("!"), "no password"
    assert person[3:] == (False, False)
    assert site.rows("SELECT count(*) FROM auth_user_groups") == [(0,)]
    (line,) = site.rows(
        "SELECT actor, origin, address FROM drain_auditevent WHERE verb = 'user.sign_up' ORDER BY id DESC LIMIT 1"
    )
    assert line == ("ada", "browser", "127.0.0.1")


def test_a_role_given_here_counts_at_the_next_sign_in(site):
    site.sign_in()
    site.rows(
        "INSERT INTO auth_user_groups (user_id, group_id) SELECT u.id, g.id FROM auth_user u, auth_group g "
        "WHERE g.name = 'viewer'"
    )
    answer = site.sign_in()
    assert (answer.url, answer.status_code) == (f"{site.url}/runs/", 200)
    assert site.rows("SELECT count(*) FROM auth_user") == [(1,)]


def test_who_the_provider_calls_like_an_account_of_this_site_does_not_get_it(site):
    site.rows(
        "INSERT INTO auth_user (username, password, is_superuser, is_staff, is_active, first_name, last_name, "
        "email, date_joined) VALUES ('ada', '!', true, true, true, '', '', 'ada@example.org', now())"
    )
    answer = site.sign_in()
    assert answer.url == f"{site.url}/login/"
    assert "that does not belong to this sign-in" in answer.text
    assert site.rows("SELECT count(*) FROM socialaccount_socialaccount") == [(0,)]


def test_who_is_switched_off_here_stays_out(site):
    site.sign_in()
    site.rows("UPDATE auth_user SET is_active = false")
    answer = site.sign_in()
    assert answer.url == f"{site.url}/login/"
    assert "This account is switched off" in answer.text


def test_who_says_no_at_the_provider_is_back_at_the_sign_in_page(site, provider):
    provider.denies = True
    answer = site.sign_in()
    assert answer.url == f"{site.url}/login/"
    assert "The sign-in was cancelled" in answer.text


def test_a_provider_that_is_down_is_one_sentence(site, provider):
    provider.broken = True
    answer = site.sign_in()
    assert answer.url == f"{site.url}/login/"
    assert "Example ID does not answer as it should" in answer.text


def test_a_secret_that_the_provider_does_not_know_is_one_sentence_and_its_reason_is_in_the_log(
    site, provider
):
    provider.secret = "changed-at-the-provider"
    answer = site.sign_in()
    assert answer.url == f"{site.url}/login/"
    assert "Signing in with Example ID failed: try again later" in answer.text
    (line,) = [each for each in site.log.read_text().splitlines() if "invalid_grant" in each]
    assert "a sign-in with Example ID failed" in line
    assert SECRET not in site.log.read_text()


@pytest.mark.parametrize("name", ["\u202eada", "x" * 151, "a\nb"])
def test_a_name_that_hides_letters_makes_no_account(site, provider, name):
    provider.person = {"sub": "2", "preferred_username": name}
    assert site.sign_in().url == f"{site.url}/login/"
    assert site.rows("SELECT count(*) FROM auth_user") == [(0,)]


def test_a_way_back_that_nobody_asked_for_signs_nobody_in(site):
    forged = f"{site.url}/sign-on/oidc/back/?code=stolen&state=made-up"
    answer = requests.get(forged, timeout=PATIENCE)
    assert answer.url == f"{site.url}/login/"
    assert site.rows("SELECT count(*) FROM auth_user") == [(0,)]


def test_it_leads_nowhere_but_to_pages_of_this_site(site):
    browser = requests.Session()
    answer = browser.get(f"{site.url}/sign-on/oidc/?next=https://evil.test/", timeout=PATIENCE)
    assert answer.url == f"{site.url}/"


def test_no_page_of_the_library_is_open(site):
    for path in ("signup/", "accounts/signup/", "accounts/email/", "sign-on/other/"):
        assert requests.get(f"{site.url}/{path}", timeout=PATIENCE).status_code == 404, path
