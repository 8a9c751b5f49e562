"""Refusals, the token that acted, and the right to act in somebody's name."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from drain.models import ApiToken, AuditEvent
from drain.models.audit import Person, Subject, record_audit
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people import refused
from drain.people.refused import MOST_AN_HOUR
from drain.people.sign_on import BACKEND
from drain.people.tokens import described, issue_token
from tests.factories import RunFactory
from tests.people import person, signed_in

pytestmark = pytest.mark.django_db


def test_a_refused_act_says_who_what_and_why_and_looking_leaves_none():
    viewer = signed_in(Role.VIEWER)
    assert viewer.post("/holds/", {"target": "x", "reason": "y"}).status_code == 403
    line = AuditEvent.objects.get()
    assert (line.verb, line.actor, line.label) == ("refused", "viewer", "POST /holds/")
    assert "needs the role operator" in line.reason
    assert viewer.get("/evidence/markers/new/").status_code == 403
    assert AuditEvent.objects.count() == 1


def test_a_form_of_another_site_is_a_refusal_with_its_own_words():
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(Role.OPERATOR), backend=BACKEND)
    assert client.post("/holds/", {"target": "x", "reason": "y"}).status_code == 403
    assert "without a valid token" in AuditEvent.objects.get(verb="refused").reason


def test_refusals_of_one_person_are_bounded_and_do_not_hide_those_of_another():
    viewer = signed_in(Role.VIEWER)
    for _ in range(MOST_AN_HOUR + 5):
        viewer.post("/holds/")
    lines = AuditEvent.objects.filter(verb="refused").order_by("pk")
    assert len(lines) == MOST_AN_HOUR
    assert "left out" in lines[MOST_AN_HOUR - 1].reason
    signed_in(Role.VIEWER, "another").post("/holds/")
    assert lines.filter(actor="another").count() == 1


def test_the_bound_of_refusals_is_one_of_an_hour_and_of_refusals_alone(monkeypatch):
    viewer = signed_in(Role.VIEWER)
    for _ in range(MOST_AN_HOUR):
        record_audit(
            Person("viewer", Origin.BROWSER), "savedview.save", Subject("savedview", "1", "x")
        )
    for _ in range(MOST_AN_HOUR + 1):
        viewer.post("/holds/")
    lines = AuditEvent.objects.filter(verb="refused")
    assert lines.count() == MOST_AN_HOUR
    later = SimpleNamespace(now=lambda: timezone.now() + timedelta(minutes=61))
    monkeypatch.setattr(refused, "timezone", later)
    viewer.post("/holds/")
    assert lines.count() == MOST_AN_HOUR + 1


def test_who_is_not_signed_in_leaves_no_refusal():
    Client().post("/holds/")
    Client(enforce_csrf_checks=True).post("/login/")
    assert not AuditEvent.objects.exists()


def _call(role, path, body):
    _, secret = issue_token(person(role), "nightly", Person("olga", Origin.ADMIN), expires_at=None)
    key = {"Authorization": f"Bearer {secret}"}
    return Client().post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=key
    )


def test_an_act_of_a_script_names_its_token_and_who_issued_it():
    RunFactory()
    assert _call(Role.OPERATOR, "drains", {"note": "x"}).status_code == 201
    line = AuditEvent.objects.get(verb="session.start")
    token = ApiToken.objects.get()
    assert line.new["token"] == f"nightly ({token.prefix}…), issued by olga"


def test_a_refused_script_is_named_as_well():
    assert _call(Role.VIEWER, "drains", {}).status_code == 403
    line = AuditEvent.objects.get(verb="refused")
    assert (line.actor, line.label) == ("viewer", "POST /api/v1/drains")
    assert "issued by olga" in line.new["token"]


def test_what_a_script_may_not_read_is_refused_without_a_line():
    _, secret = issue_token(person(None), "x", Person("olga", Origin.ADMIN), expires_at=None)
    answer = Client().get("/api/v1/runs", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert not AuditEvent.objects.filter(verb="refused").exists()


def test_a_token_names_its_own_issuer_while_that_is_on_record():
    viewer = person(Role.VIEWER)
    made = [ApiToken.objects.create(user=viewer, name=n, prefix=n, digest=n) for n in "abc"]
    for token, verb, by in (
        (made[0], "apitoken.revoke", "adam"),
        (made[0], "apitoken.issue", "olga"),
        (made[1], "apitoken.issue", "ivan"),
    ):
        record_audit(Person(by, Origin.ADMIN), verb, Subject("apitoken", str(token.pk), "x"))
    told = [described(token).partition(", ")[2] for token in made]
    assert told == ["issued by olga", "issued by ivan", "issuer no longer on record"]


def _mint(client, user, **more):
    form = {"user": user.pk, "name": "t", "days": 9, "reason": "a script", **more}
    return client.post(reverse("admin:drain_apitoken_add"), form)


def test_an_administrator_makes_keys_for_themselves_and_who_may_less_but_not_for_another():
    mine = signed_in(Role.ADMINISTRATOR)
    other = person(Role.ADMINISTRATOR, "other")
    root = User.objects.create_superuser("root", password="x")
    for user in (other, root):
        _mint(mine, user)
        assert not ApiToken.objects.exists()
    for user in (person(Role.ADMINISTRATOR), person(Role.MANAGER)):
        _mint(mine, user)
        assert ApiToken.objects.filter(user=user).exists()


def test_a_key_is_made_with_a_reason():
    page = _mint(signed_in(Role.ADMINISTRATOR), person(Role.VIEWER), reason="")
    assert "This field is required" in page.content.decode()
    assert not ApiToken.objects.exists()


def test_an_administrator_sets_no_password_of_another():
    mine, other = signed_in(Role.ADMINISTRATOR), person(Role.ADMINISTRATOR, "other")
    before = other.password
    new = "zK3-fuq_91xy-new"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    for user, status in ((other, 403), (person(Role.VIEWER), 302)):
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        assert mine.post(address, form).status_code == status
    other.refresh_from_db()
    assert other.password == before


def test_a_saved_view_is_saved_renamed_and_deleted_with_a_line_each():
    viewer = signed_in(Role.VIEWER)
    viewer.post("/views/save/", {"page": "run-list", "query": "q=a", "name": "mine"})
    pk = AuditEvent.objects.get(verb="savedview.save").subject_pk
    viewer.post(f"/views/{pk}/rename/", {"name": "ours"})
    viewer.post(f"/views/{pk}/delete/")
    told = AuditEvent.objects.order_by("pk").values_list("verb", "actor", "label")
    assert list(told) == [
        ("savedview.save", "viewer", "run-list: mine"),
        ("savedview.rename", "viewer", "run-list: ours"),
        ("savedview.delete", "viewer", "run-list: ours"),
    ]
