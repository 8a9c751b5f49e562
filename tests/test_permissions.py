"""Nobody acts who may not: every address and method as each role, against one table.

`DRAINSITE_WRITE_DOCS=1 pytest tests/test_permissions.py` writes docs/permissions.md anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import resolve_url
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from drain.admin.acts.acting import ActingAdmin
from drain.dashboard.http import permissions as page_permissions
from drain.models import (
    ApiToken,
    AuditEvent,
    Autopilot,
    BulkAction,
    DrainSession,
    Fingerprint,
    FixMarker,
    Hold,
    Note,
    Phase,
    Source,
    Webhook,
)
from drain.models.audit import Person
from drain.models.roles import Role, least_role
from drain.models.vocabulary import Origin
from drain.people.sign_on import BACKEND
from drain.people.tokens import issue_token
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)
from tests.people import person, signed_in
from tests.permissions_document import document
from tests.permissions_table import (
    ACTIONS,
    API,
    MODELS,
    NOT_MADE_FOR,
    PAGES,
    PUBLIC,
    SIGNED_IN,
    Least,
)

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parent.parent / "docs" / "permissions.md"
WHO: tuple[str | Role | None, ...] = ("anonymous", None, *Role)
# What the admin makes for each model, and its addresses that only lead elsewhere.
OF_MODELS = ("_changelist", "_add", "_history", "_delete", "_change", "_password_change")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
SHORT = 1000
"""Bytes of a refusal; an answer with rows is longer."""
LEADING = ("admin:app_list", "admin:autocomplete", "admin:view_on_site", "admin:")


def addresses() -> Iterator[str]:
    """Names of all addresses that the site answers; one without a name by its pattern."""
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, space: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _walk(each, f"{each.namespace}:" if each.namespace else space)
        elif isinstance(each, URLPattern):
            yield f"{space}{each.name or ('' if space == 'admin:' else each.pattern)}"


def test_every_address_has_a_row_and_every_row_an_address():
    found = {
        name
        for name in addresses()
        if name in PAGES
        or not (name in LEADING or (name.startswith("admin:") and name.endswith(OF_MODELS)))
    }
    listed = PAGES.keys() | API.keys()
    assert found - listed == set(), "add a row to tests/permissions_table.py"
    assert listed - found == set(), "these addresses are gone"


def test_every_model_of_the_admin_has_a_row():
    found = {model._meta.label_lower for model in admin.site._registry}
    assert found - MODELS.keys() == set(), "add a row to tests/permissions_table.py"
    assert MODELS.keys() - found == set()


@pytest.fixture
def world() -> dict[str, int]:
    run = RunFactory()
    phase = PhaseFactory(run=run)
    session = SessionFactory(state="running", ended_at=None)
    attempt = AttemptFactory(phase=phase, session=session)
    held = Hold.objects.create(
        kind="run", value=run.run_id, reason="x", created_by="x", origin="admin"
    )
    FingerprintFactory(key="k" * 20)
    bulk = BulkAction.objects.create(
        verb="clear_queued", label="x", things="phases", reason="x", actor="x", origin="admin"
    )
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
    hook = Webhook.objects.create(
        name="x", url="http://127.0.0.1:1/", salt="x", key_check="x", kinds=["drain.ended"]
    )
    rule = Autopilot.objects.create(
        name="x", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON, created_by="x"
    )
    source = Source.objects.create(name="x", kind="sql")
    note = Note.objects.create(run=run, text="x", created_by="x", origin="browser")
    return {
        "note": note.pk, "source": source.pk,
        "webhook": hook.pk, "autopilot": rule.pk,
        "run": run.pk, "phase": phase.pk, "session": session.pk, "attempt": attempt.pk,
        "hold": held.pk, "marker": marker.pk, "bulk": bulk.pk,
    }  # fmt: skip


def _client(who: str | Role | None) -> Client:
    return Client() if who == "anonymous" else signed_in(who if isinstance(who, Role) else None)


def address_in(name: str, world: dict[str, int]) -> str:
    """Where that name leads in this world."""
    wanted = next(p for p in _patterns(get_resolver(), "") if p[0] == name)[1]
    row = PAGES.get(name) or API[name]
    given = {
        "pk": world.get(row.pk, 0),
        "rest": "nowhere",
        "reason": "run_held",
        "key": "k" * 20,
        "kind": "md",
        "delivery": UUID(int=0),
    }
    values = {key: given[key] for key in wanted.pattern.converters}
    return reverse(name, kwargs=values)


def _patterns(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each, f"{each.namespace}:" if each.namespace else space)
        else:
            yield f"{space}{each.name}", each


def _may(who: str | Role | None, least: Least) -> bool:
    if least == PUBLIC:
        return True
    if who == "anonymous":
        return False
    if least == SIGNED_IN:
        return True
    order = list(Role)
    return isinstance(who, Role) and order.index(who) >= order.index(Role(least))


def _answer(client: Client, method: str, address: str) -> tuple[int, str]:
    with transaction.atomic():
        answer = getattr(client, method.lower())(address)
        transaction.set_rollback(True)
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.parametrize("name", PAGES)
def test_each_role_gets_what_the_table_says(name, world):
    address = address_in(name, world)
    row = PAGES[name]
    clients: dict[str | Role | None, Client] = {}
    for who in WHO:
        for method, least in (("GET", row.get), ("POST", row.post)):
            client = clients[who] = clients.get(who) or _client(who)
            status, to = _answer(client, method, address)
            told = f"{method} {address} as {who}: {status} {to}"
            refused = status == 403 or (status == 302 and to.startswith(_login()))
            if name.startswith("admin:") and not name.endswith(("login", "logout")):
                # The admin sends who may not see it to the overview, which then refuses.
                refused = refused or (status == 302 and "login" in to)
            if least == NOT_MADE_FOR:
                # Django's admin takes a POST for a GET where it has no form.
                assert status == 405 or (name.startswith("admin:") and status in {302, 403}), told
            elif name.endswith(("login", "logout")):
                assert status in {200, 302, 403}, told
            elif _may(who, least):
                assert not refused, told
                assert status in {200, 204, 302, 400, 404, 409, 422}, told
            else:
                assert refused, told


def _login() -> str:
    return resolve_url("drain:login")


@pytest.mark.parametrize("name", API)
def test_a_token_may_what_its_person_may_and_a_cookie_nothing(name, world):
    address, row = address_in(name, world), API[name]
    for who in Role:
        client = _client(who)
        _, secret = issue_token(person(who), "t", Person("x", Origin.ADMIN), expires_at=None)
        key = {"Authorization": f"Bearer {secret}"}
        for method, least in (("GET", row.get), ("POST", row.post)):
            told = f"{method} {address} as {who}"
            with transaction.atomic():
                cookie = client.generic(method, address).status_code
                status = Client().generic(method, address, headers=key).status_code
                transaction.set_rollback(True)
            if least == PUBLIC:
                assert cookie == status == 404, told
                continue
            assert cookie == 401, told
            if least == NOT_MADE_FOR:
                assert status == 405, told
            else:
                assert (status == 403) is not _may(who, least), told
                assert status in {200, 201, 202, 403, 404, 409, 422}, told


def test_every_page_answers_its_methods_alone_and_says_which(world):
    anybody, administrator = (Client(enforce_csrf_checks=True) for _ in range(2))
    administrator.force_login(person(Role.ADMINISTRATOR), backend=BACKEND)
    before = _state(), AuditEvent.objects.count()
    for name, pattern in _patterns(get_resolver(), ""):
        if name in API or name in {*LEADING, "admin:None"}:
            continue
        values = dict.fromkeys(pattern.pattern.converters, "1")
        row = PAGES.get(name)
        address = address_in(name, world) if row else reverse(name, kwargs=values)
        allowed = {"GET", "HEAD", "POST"}
        if row and not name.startswith("admin:"):
            allowed -= {"POST"} if row.post == NOT_MADE_FOR else set()
            allowed -= {"GET", "HEAD"} if row.get == NOT_MADE_FOR else set()
        others = {"PUT"} if name.startswith("admin:") else set(METHODS) - {"HEAD", "TRACE"}
        for method in others - allowed:
            client = administrator if method == "DELETE" else anybody
            answer = client.generic(method, address)
            told = f"{method} {address}: {answer.status_code}"
            assert answer.status_code == 405, told
            if not name.startswith("api:"):
                assert set(answer["Allow"].split(", ")) == allowed, told
    assert (_state(), AuditEvent.objects.count()) == before


@pytest.mark.parametrize("name", [name for name, row in PAGES.items() if row.post != NOT_MADE_FOR])
def test_a_missing_csrf_token_is_refused_even_to_who_may(name, world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(Role.ADMINISTRATOR), backend=BACKEND)
    assert client.post(address_in(name, world)).status_code == 403
    assert DrainSession.objects.get().state == "running"


@pytest.mark.parametrize("label", MODELS)
def test_the_admin_gives_each_role_what_the_table_says(label):
    found = next(m for m in admin.site._registry if m._meta.label_lower == label)
    model_admin = admin.site._registry[found]
    for who in (None, *Role):
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=person(who if isinstance(who, Role) else None).pk)
        asked = ("view", "add", "change", "delete")
        given = [bool(getattr(model_admin, f"has_{act}_permission")(request)) for act in asked]
        expected = [least is not None and _may(who, least) for least in MODELS[label]]
        assert given == expected, f"{label} as {who}"


NO_RIGHT = (
    "no key",
    "a cookie",
    "a wrong key",
    "an expired key",
    "a revoked key",
    "a key without a role",
)


def _keys(now: datetime) -> dict[str, dict[str, str]]:
    """What a script may come with that gives it no right."""
    by = Person("x", Origin.ADMIN)
    viewer = person(Role.VIEWER)
    old = issue_token(viewer, "old", by, expires_at=now - timedelta(seconds=1))[1]
    token, revoked = issue_token(viewer, "revoked", by, expires_at=None)
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=now)
    strange = issue_token(person(None), "strange", by, expires_at=None)[1]
    secrets = dict(zip(NO_RIGHT[2:], ("nothing", old, revoked, strange), strict=True))
    return {name: {"Authorization": f"Bearer {secret}"} for name, secret in secrets.items()}


@pytest.mark.verify
@pytest.mark.parametrize("name", [name for name, row in API.items() if row.get != PUBLIC])
def test_without_a_key_that_counts_no_method_of_the_api_does_or_tells_anything(name, world):
    address, keys = address_in(name, world), _keys(timezone.now())
    before = AuditEvent.objects.exclude(verb="refused").count(), _state()
    for who in NO_RIGHT:
        client = _client(Role.ADMINISTRATOR if who == "a cookie" else "anonymous")
        for method in METHODS:
            answer = client.generic(method, address, headers=keys.get(who))
            told = f"{method} {address} with {who}: {answer.status_code}"
            if method in {"OPTIONS", "TRACE"} and answer.status_code == 405:
                continue
            assert answer.status_code in {401, 403, 405}, told
            assert len(answer.content) < SHORT, told
    assert (AuditEvent.objects.exclude(verb="refused").count(), _state()) == before


@pytest.mark.verify
@pytest.mark.parametrize("name", [name for name, row in API.items() if row.get != PUBLIC])
def test_other_methods_of_the_api_are_not_made_for_anybody(name, world):
    address = address_in(name, world)
    _, secret = issue_token(
        person(Role.ADMINISTRATOR), "t", Person("x", Origin.ADMIN), expires_at=None
    )
    key = {"Authorization": f"Bearer {secret}"}
    before = _state()
    for method in set(METHODS) - {"GET", "POST", "HEAD"}:
        answer = Client().generic(method, address, headers=key)
        assert answer.status_code == 405, f"{method} {address}: {answer.status_code}"
    assert _state() == before


def _state() -> tuple[object, ...]:
    """What somebody could have changed."""
    return (
        *DrainSession.objects.values_list("state"), *Phase.objects.values_list("state"), Hold.objects.count(),
        FixMarker.objects.count(), BulkAction.objects.count(), *BulkAction.objects.values_list("state"),
        *Fingerprint.objects.values_list("status"), ApiToken.objects.count(),
    )  # fmt: skip


@pytest.mark.verify
@pytest.mark.parametrize("label", MODELS)
def test_each_address_of_the_admin_gives_each_role_what_the_table_says(label, world):
    """As requests, which the permission of a class alone would not show."""
    found = next(m for m in admin.site._registry if m._meta.label_lower == label)
    base, view, add, change, delete = f"admin:{label.replace('.', '_')}", *MODELS[label]
    row = found._default_manager.first()
    asked = [(reverse(f"{base}_changelist"), view), (reverse(f"{base}_add"), add)]
    if row is not None:
        asked += [
            (reverse(f"{base}_{name}", args=[row.pk]), least)
            for name, least in (("change", view), ("history", view), ("delete", delete))
        ]
    for who in WHO:
        client = _client(who)
        for address, least in asked:
            status, to = _answer(client, "GET", address)
            told = f"GET {address} as {who}: {status} {to}"
            if least is not None and _may(who, least):
                assert status == 200, told
            else:
                assert status in {302, 403}, told
                assert status == 403 or "login" in to or to in {"/", reverse("admin:index")}, told
        if row is not None and not (change is not None and _may(who, change)):
            status, _ = _answer(client, "POST", reverse(f"{base}_change", args=[row.pk]))
            assert status in {302, 403}, f"POST of {label} as {who}: {status}"


@pytest.mark.parametrize("label", MODELS)
def test_a_viewers_forged_edit_is_refused(label):
    viewer, base = signed_in(Role.VIEWER), f"admin:{label.replace('.', '_')}"
    phases = Phase.objects.count()
    assert viewer.post(reverse(f"{base}_add"), {}).status_code == 403
    # A row that may not even be seen is not told apart from one that does not exist.
    for each in ("change", "delete"):
        assert viewer.post(reverse(f"{base}_{each}", args=[1]), {}).status_code in {302, 403}
    assert Phase.objects.count() == phases


def test_every_action_of_the_admin_has_a_row_and_a_permission_that_agrees():
    acts = {
        act.name: act.permission
        for each in admin.site._registry.values()
        if isinstance(each, ActingAdmin)
        for act in each.acts
    }
    assert {name: least_role(permission) for name, permission in acts.items()} == ACTIONS


def test_a_person_without_a_role_is_told_whom_to_ask():
    person(Role.ADMINISTRATOR, "olga")
    page = signed_in(None).get("/")
    assert page.status_code == 403
    assert "has no role yet, so it sees nothing. Ask olga" in " ".join(
        page.content.decode().split()
    )


def test_a_superuser_may_and_a_stranger_may_not():
    request: Any = RequestFactory().get("/")
    request.user = User(username="root", is_superuser=True)
    page_permissions.require(request, "drain.define_executors")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        page_permissions.require(request, "drain.view_phase")


def test_the_document_says_what_the_table_says():
    text = document()
    if os.environ.get("DRAINSITE_WRITE_DOCS"):
        DOCUMENT.write_text(text)
    assert DOCUMENT.read_text() == text, (
        "run DRAINSITE_WRITE_DOCS=1 pytest tests/test_permissions.py"
    )
