"""Nobody acts through the API who may not: every address and method with each key, against the table."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from drain.models import (
    ApiToken,
    AuditEvent,
)
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.people import person
from tests.permissions_table import (
    API,
    NOT_MADE_FOR,
    PUBLIC,
)
from tests.permissions_world import (
    METHODS,
    address_in,
    by_edge_and_by_everybody,
    client_of,
    make_world,
    may,
    state_of_all,
)

pytestmark = pytest.mark.django_db
SHORT = 1000
"""Bytes of a refusal; an answer with rows is longer."""


@pytest.fixture
def world() -> dict[str, int]:
    return make_world()


@pytest.mark.parametrize(("name", "asking"), by_edge_and_by_everybody(API))
def test_a_token_may_what_its_person_may_and_a_cookie_nothing(name, asking, world):
    address, row = address_in(name, world), API[name]
    for who in (who for who in asking if isinstance(who, Role)):
        client = client_of(who)
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
                assert (status == 403) is not may(who, least), told
                assert status in {200, 201, 202, 403, 404, 409, 422}, told


NO_RIGHT = (
    "no key",
    "a cookie",
    "a wrong key",
    "an expired key",
    "a revoked key",
    "a key without a role",
)


def _keys(now: datetime) -> dict[str, dict[str, str]]:
    """Return headers without a right, as a script may send them."""
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
    before = AuditEvent.objects.exclude(verb="refused").count(), state_of_all()
    for who in NO_RIGHT:
        client = client_of(Role.ADMINISTRATOR if who == "a cookie" else "anonymous")
        for method in METHODS:
            answer = client.generic(method, address, headers=keys.get(who))
            told = f"{method} {address} with {who}: {answer.status_code}"
            if method in {"OPTIONS", "TRACE"} and answer.status_code == 405:
                continue
            assert answer.status_code in {401, 403, 405}, told
            assert len(answer.content) < SHORT, told
    assert (AuditEvent.objects.exclude(verb="refused").count(), state_of_all()) == before


@pytest.mark.verify
@pytest.mark.parametrize("name", [name for name, row in API.items() if row.get != PUBLIC])
def test_other_methods_of_the_api_are_not_made_for_anybody(name, world):
    address = address_in(name, world)
    _, secret = issue_token(
        person(Role.ADMINISTRATOR), "t", Person("x", Origin.ADMIN), expires_at=None
    )
    key = {"Authorization": f"Bearer {secret}"}
    before = state_of_all()
    for method in set(METHODS) - {"GET", "POST", "HEAD"}:
        answer = Client().generic(method, address, headers=key)
        assert answer.status_code == 405, f"{method} {address}: {answer.status_code}"
    assert state_of_all() == before
