"""Signing in: one form, no hint who exists, and an end to guessing."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from drain.models import Hold
from drain.people import gate, stay
from drainsite import web

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    get_user_model().objects.create_superuser("m.ortiz", password="right-one")
    return Client()


RIGHT = {"username": "m.ortiz", "password": "right-one"}


def sign_in(client, password, name="m.ortiz"):
    return client.post("/login/", {"username": name, "password": password, "next": "/runs/"})


def complaint(answer):
    return answer.content.decode().partition('role="alert">')[2].partition("</p>")[0]


def test_signing_in_leads_on_and_signing_out_back(client):
    assert sign_in(client, "right-one")["Location"] == "/runs/"
    assert client.get("/login/")["Location"] == "/"
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/runs/")["Location"] == "/login/?next=/runs/"


def test_a_form_without_words_that_comes_too_late_leads_back_to_the_page_it_stood_on(client):
    page = "http://testserver/runs/?q=a"
    late = client.post("/holds/", HTTP_REFERER=page)
    assert parse_qs(urlsplit(late["Location"]).query) == {"next": [page]}
    assert client.post("/login/", {**RIGHT, "next": page})["Location"] == page
    foreign = client.post("/holds/", HTTP_REFERER="https://elsewhere.example/")
    assert "elsewhere" not in foreign.headers.get("Location", "")


OWN: dict[str, Any] = {
    "HTTP_ORIGIN": "http://testserver",
    "HTTP_REFERER": "http://testserver/queued/?q=a",
}
TYPED = {"target": "archive-*", "reason": 'disk <full> & "hot"', "pk": ["1", "2"]}


def fields_of(answer):
    """The form that a page would send: its address and its fields."""
    text = answer.content.decode()
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', text):
        fields.setdefault(name, []).append(unescape(value))
    return text, fields


def test_what_was_typed_before_the_session_ended_is_sent_by_one_click_after_the_sign_in(client):
    page, fields = fields_of(client.post("/holds/", TYPED, **OWN))
    assert "What you typed is kept" in page
    wrong = fields_of(client.post("/login/", {**RIGHT, "password": "no", **fields}))
    assert wrong[1]["held"] == fields["held"], "one wrong password loses nothing"
    again = client.post("/login/", {**RIGHT, **fields})
    page, fields = fields_of(again)
    assert 'action="/holds/"' in page
    assert {name: fields[name] for name in TYPED} == {
        name: value if isinstance(value, list) else [value] for name, value in TYPED.items()
    }
    assert not Hold.objects.exists()
    client.post("/holds/", fields, **OWN)
    assert Hold.objects.get().reason == TYPED["reason"]


def test_a_form_with_an_older_token_is_shown_again_with_what_was_typed():
    get_user_model().objects.create_superuser("m.ortiz", password="right-one")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(get_user_model().objects.get(), "django.contrib.auth.backends.ModelBackend")
    stale = {**TYPED, "csrfmiddlewaretoken": "a" * 64}
    answer = strict.post("/holds/", stale, **OWN)
    page, fields = fields_of(answer)
    assert answer.status_code == 403
    assert "Send it again?" in page
    assert fields["reason"] == [TYPED["reason"]]
    assert stale["csrfmiddlewaretoken"] not in page, "the old token is not sent again"
    led: dict[str, Any] = {
        "HTTP_ORIGIN": "http://testserver",
        "HTTP_REFERER": "https://elsewhere.example/",
    }
    assert "elsewhere.example" not in strict.post("/holds/", stale, **led).content.decode()
    assert not Hold.objects.exists()
    # Words of another site would be somebody else's.
    foreign = strict.post("/holds/", stale, HTTP_ORIGIN="https://elsewhere.example")
    assert foreign.status_code == 403
    assert "archive-" not in foreign.content.decode()
    unknown = strict.post("/holds/", stale)
    assert "archive-" not in unknown.content.decode()


@pytest.mark.parametrize(
    "typed",
    [{"username": "a", "password": "secret"}, {"reason": "x" * 600_000}],
    ids=["a password", "more than is carried"],
)
def test_passwords_and_very_long_texts_are_not_carried_on(client, typed):
    answer = client.post("/holds/", typed, **OWN)
    assert answer["Location"].startswith("/login/?next=")


@pytest.mark.parametrize(
    "held",
    [
        '["https://elsewhere.example/",[],""]', '["//e.example/x",[["a","b"]],""]',
        '["/holds/",[["a","b"]],"https://elsewhere.example/"]', '["javascript:x",[["a","b"]],""]', "{}", "[1]", "[" * 100_000,
    ],
    ids=["another site", "no scheme", "a page elsewhere", "a script", "an object", "a number", "depth"],
)  # fmt: skip
def test_a_sign_in_form_leads_nowhere_else(client, held):
    assert client.post("/login/", {**RIGHT, "next": "/runs/", "held": held})["Location"] == "/runs/"


def test_the_address_of_a_form_says_that_it_is_no_page(client):
    sign_in(client, "right-one")
    answer = client.get("/queued/clear/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert b"without one it did nothing" in answer.content


def test_a_wrong_password_and_an_unknown_name_say_the_same(client):
    known, unknown = (sign_in(client, "wrong", name) for name in ("m.ortiz", "nobody"))
    assert complaint(known) == complaint(unknown) != ""
    assert b'role="alert"' in known.content


def test_guessing_ends_in_a_lock(client):
    answers = [sign_in(client, "wrong").status_code for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert answers[-1] == 429
    page = sign_in(client, "right-one")
    assert page.status_code == 429
    assert "for 15 minutes after the last attempt" in " ".join(page.content.decode().split())
    assert page["Retry-After"] == "900"
    assert sign_in(client, "right-one").status_code == 429


def test_no_answer_is_kept_by_a_browser_and_the_end_of_a_session_empties_what_is(client):
    assert client.get("/login/")["Cache-Control"] == "no-store"
    sign_in(client, "right-one")
    for address in ("/", "/runs/", "/search/?q=a", "/admin/", "/admin/drain/phase/", "/nothing/"):
        answer = client.get(address)
        assert answer["Cache-Control"] == "no-store", address
        assert "Clear-Site-Data" not in answer, address
    assert client.post("/logout/")["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.post("/logout/"), "nobody was signed in"
    sign_in(client, "right-one")
    kept = client.session
    kept[stay.SINCE] = 0.0
    kept.save()
    too_old = client.get("/runs/")
    assert too_old["Location"].startswith("/login/")
    assert too_old["Clear-Site-Data"] == '"cache"'


def test_a_password_has_twelve_characters():
    with pytest.raises(ValidationError, match="at least 12"):
        validate_password("zK3-fuq_91x")
    validate_password("zK3-fuq_91xy")


def test_guesses_of_one_address_end_whatever_names_they_are_for_and_other_addresses_go_on(client):
    for number in range(gate.MOST_FAILURES):
        assert sign_in(client, "wrong", f"name-{number}").status_code == 200
    page = sign_in(client, "right-one")
    assert page.status_code == 429
    assert client.get("/login/").status_code == 200, "the page itself stays"
    inside = Client()
    inside.force_login(get_user_model().objects.get(), "django.contrib.auth.backends.ModelBackend")
    assert inside.post("/views/save/").status_code == 302, "who is signed in goes on"
    assert "Nobody can sign in from your address for 15 minutes" in " ".join(
        page.content.decode().split()
    )
    other = Client(REMOTE_ADDR="10.0.0.9")
    assert sign_in(other, "right-one").status_code == 302
    long_ago = timezone.now() - timedelta(minutes=15, seconds=1)
    AccessAttempt.objects.update(attempt_time=long_ago)
    assert sign_in(client, "right-one").status_code == 302, "the lock of an address ends"


def test_one_address_takes_its_share_of_the_places_and_all_leave_threads_for_pages():
    places = gate.Places()
    with ExitStack() as stack:
        taken = [
            stack.enter_context(places.one(address)) for address in ("a", "a", "a", "b", "b", "c")
        ]
        assert taken == [True, True, False, True, True, False]
        assert gate.PLACES < web.THREADS
    with places.one("c") as free:
        assert free
    assert not places._taken, "addresses that hold no place are forgotten"


def test_who_finds_no_place_is_told_at_once_and_nothing_is_judged(client, monkeypatch):
    monkeypatch.setattr(gate, "EACH_ADDRESS", 0)
    page = sign_in(client, "wrong")
    assert (page.status_code, page["Retry-After"]) == (429, "2")
    assert "Nothing is locked: try again in a moment" in page.content.decode()
    assert not AccessAttempt.objects.exists()
    monkeypatch.undo()
    assert sign_in(client, "right-one").status_code == 302
