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
