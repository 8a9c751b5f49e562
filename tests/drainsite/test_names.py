"""The names of the site: who asks by another is told which setting it is, in one line of the log."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from django.test import Client

from drainsite import doctor, names
from drainsite.management.serving import ServeOptions


def asked(name: str, path: str = "/login/"):
    return Client(headers={"host": name}).get(path)


@pytest.mark.django_db
def test_a_name_that_is_not_the_sites_is_answered_with_the_setting_and_one_line_of_the_log(
    settings, caplog
):
    settings.ALLOWED_HOSTS = ["drain.example"]
    client = Client(headers={"host": "127.0.0.1:8000"})
    with caplog.at_level(logging.WARNING):
        answers = [client.get("/login/") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {400}
    assert "does not answer to 127.0.0.1: see ALLOWED_HOSTS" in answers[0].content.decode()
    assert [record.exc_info for record in caplog.records] == [None]
    assert asked("drain.example").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a b", "x" * 300 + "..", "[::g]", ""]
)
def test_a_hostile_name_is_refused_and_not_repeated_as_markup(settings, name):
    settings.ALLOWED_HOSTS = ["drain.example"]
    answer = asked(name)
    assert answer.status_code == 400
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.django_db
def test_names_that_are_made_up_one_after_the_other_do_not_fill_the_log(settings, caplog):
    settings.ALLOWED_HOSTS = ["drain.example"]
    client = Client()
    for number in range(names.MOST_LOGGED + 5):
        client.get("/", headers={"host": f"h{number}.example"})
    assert len(caplog.records) == names.MOST_LOGGED


@pytest.mark.django_db
def test_a_script_is_refused_in_json(settings):
    settings.ALLOWED_HOSTS = ["drain.example"]
    assert "ALLOWED_HOSTS" in asked("127.0.0.1", "/api/v1/runs").json()["error"]


@pytest.mark.parametrize(
    ("allowed", "site", "entrance"),
    [
        (["localhost", "127.0.0.1"], "", "http://127.0.0.1:8000/"),
        (["*"], "", "http://127.0.0.1:8000/"),
        ([".example.com", "drain.example"], "", "http://drain.example:8000/"),
        (["drain.example"], "https://drain.example", "https://drain.example/"),
        (["drain.example"], "https://other.example", "http://drain.example:8000/"),
    ],
)
def test_the_link_of_the_first_account_is_under_a_name_that_is_let_in(
    settings, allowed, site, entrance
):
    settings.ALLOWED_HOSTS, settings.DRAIN_SITE_URL = allowed, site
    assert ServeOptions().entrance == entrance


def test_what_is_served_says_so_where_its_own_address_is_refused(settings):
    settings.ALLOWED_HOSTS = ["drain.example"]
    assert ServeOptions().serving == (
        "Serving http://127.0.0.1:8000/ to who asks for drain.example (ALLOWED_HOSTS) - Ctrl-C stops."
    )
    settings.ALLOWED_HOSTS = ["[::1]"]
    assert ServeOptions(host="::1").serving == "Serving http://[::1]:8000/ - Ctrl-C stops."


@pytest.mark.parametrize(
    ("allowed", "site", "level", "said"),
    [
        ([], "", "problem", "answers to no name"),
        (["a.example"], "https://b.example", "problem", "DRAIN_SITE_URL names b.example"),
        (["a.example"], "", "warning", "not to 127.0.0.1"),
        (["a.example"], "https://a.example", "ok", "answers to a.example"),
        (["localhost"], "", "ok", "answers to localhost"),
    ],
)
def test_the_doctor_names_what_is_wrong_with_the_names(
    settings, monkeypatch, allowed, site, level, said
):
    settings.ALLOWED_HOSTS, settings.DRAIN_SITE_URL = allowed, site
    monkeypatch.setattr(
        doctor, "_database", lambda: SimpleNamespace(name="database", level="problem")
    )
    found = {each.name: each for each in doctor.examine()}["names"]
    assert (found.level, said in found.sentence) == (level, True)
