"""Nobody acts who may not: every address and method as each role, against one table.

`DRAINSITE_WRITE_DOCS=1 pytest tests/test_permissions.py` writes docs/permissions.md anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.shortcuts import resolve_url
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from drain.dashboard.http import permissions as page_permissions
from drain.models import (
    AuditEvent,
    DrainSession,
)
from drain.models.roles import Role
from drain.people.sign_on import BACKEND
from tests.people import person, signed_in
from tests.permissions_document import document
from tests.permissions_table import (
    API,
    NOT_MADE_FOR,
    PAGES,
)
from tests.permissions_world import (
    LEADING,
    METHODS,
    address_in,
    answer_to,
    by_edge_and_by_everybody,
    client_of,
    make_world,
    may,
    patterns,
    state_of_all,
)

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parent.parent / "docs" / "permissions.md"


# What the admin makes for each model, and its addresses that only lead elsewhere.
OF_MODELS = ("_changelist", "_add", "_history", "_delete", "_change", "_password_change")


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


@pytest.fixture
def world() -> dict[str, int]:
    return make_world()


@pytest.mark.parametrize(("name", "asking"), by_edge_and_by_everybody(PAGES))
def test_each_role_gets_what_the_table_says(name, asking, world):
    address = address_in(name, world)
    row = PAGES[name]
    clients: dict[str | Role | None, Client] = {}
    for who in asking:
        for method, least in (("GET", row.get), ("POST", row.post)):
            client = clients[who] = clients.get(who) or client_of(who)
            status, to = answer_to(client, method, address)
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
            elif may(who, least):
                assert not refused, told
                assert status in {200, 204, 302, 400, 404, 409, 422}, told
            else:
                assert refused, told


def _login() -> str:
    return resolve_url("drain:login")


def test_every_page_answers_its_methods_alone_and_says_which(world):
    anybody, administrator = (Client(enforce_csrf_checks=True) for _ in range(2))
    administrator.force_login(person(Role.ADMINISTRATOR), backend=BACKEND)
    before = state_of_all(), AuditEvent.objects.count()
    for name, pattern in patterns(get_resolver(), ""):
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
    assert (state_of_all(), AuditEvent.objects.count()) == before


@pytest.mark.parametrize("name", [name for name, row in PAGES.items() if row.post != NOT_MADE_FOR])
def test_a_missing_csrf_token_is_refused_even_to_who_may(name, world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(Role.ADMINISTRATOR), backend=BACKEND)
    assert client.post(address_in(name, world)).status_code == 403
    assert DrainSession.objects.get().state == "running"


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
