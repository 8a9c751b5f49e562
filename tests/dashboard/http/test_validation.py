"""A form with what no column can hold is refused at the door, whichever page it is for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from drain.models import AuditEvent, Hold, Phase
from drain.models.roles import Role
from tests.factories import PhaseFactory
from tests.people import signed_in
from tests.permissions_table import NOT_MADE_FOR, PAGES

pytestmark = pytest.mark.django_db


def _addresses() -> list[str]:
    """Every page that takes a form; whether its object exists is asked after the door."""
    found = []
    for name, row in PAGES.items():
        if row.post == NOT_MADE_FOR:
            continue
        try:
            found.append(reverse(name, args=[1] if row.pk else []))
        except NoReverseMatch:
            continue
    return found


def test_a_nul_byte_in_any_form_is_one_sentence_and_changes_nothing():
    PhaseFactory(state="QUEUED")
    client, asked = signed_in(Role.ADMINISTRATOR), _addresses()
    assert len(asked) > 15
    for address in (
        *asked,
        reverse("admin:drain_run_add"),
        reverse("admin:drain_phase_changelist"),
    ):
        answer = client.post(address, {"reason": "why\0", "run_id": "x", "text": "x"})
        assert answer.status_code == 400, address
        assert "The field “reason” holds a NUL byte: leave it out." in answer.content.decode()
    assert not Hold.objects.exists()
    assert not AuditEvent.objects.exists()
    assert Phase.objects.get().state == "QUEUED"


def test_a_nul_byte_in_the_name_of_a_field_or_at_the_sign_in_is_refused_too():
    assert Client().post("/login/", {"username": "a\0", "password": "x"}).status_code == 400
    answer = signed_in(Role.OPERATOR).post(reverse("drain:hold-add"), {"rea\0son": "x"})
    assert answer.status_code == 400
    assert "The field “reason” holds a NUL byte" in answer.content.decode()


def test_a_form_in_another_encoding_than_utf_8_is_a_400_for_strangers_too():
    kind = "application/x-www-form-urlencoded; charset=utf-7"
    stranger = Client(enforce_csrf_checks=True)
    stranger.get("/login/")
    answer = stranger.post("/login/", b"username=a", content_type=kind)
    assert answer.status_code == 400
    assert "That request cannot be read" in answer.content.decode()


def test_a_cookie_that_no_column_can_hold_is_no_cookie():
    for value in (r'"\000abcdefghijk"', "abcdefghijk\0"):
        answer = Client(headers={"Cookie": f"sessionid={value}"}).get("/runs/")
        assert answer["Location"] == "/login/?next=/runs/"


def test_what_cannot_be_held_in_the_name_of_a_word_of_the_address_is_refused_for_scripts_in_json():
    assert signed_in(Role.VIEWER).get("/runs/?a%00b=1").status_code == 400
    answer = Client().get("/api/v1/runs?a%00b=1")
    assert answer.status_code == 400
    assert "a NUL byte" in answer.json()["error"]


def test_a_request_that_cannot_be_read_is_a_page_for_people_and_json_for_scripts():
    words = "a=1&" * 6000
    answer = Client().get(f"/api/v1/runs?{words}")
    assert answer.status_code == 400
    assert "cannot be read" in answer.json()["error"]
    assert "cannot be read" in Client().get(f"/login/?{words}").content.decode()
