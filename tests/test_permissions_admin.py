"""Nobody sees or changes in the admin what they may not: every model as each role, against the table."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import reverse

from drain.admin.acts.acting import ActingAdmin
from drain.models import (
    Phase,
)
from drain.models.roles import Role, least_role
from tests.people import person, signed_in
from tests.permissions_table import (
    ACTIONS,
    MODELS,
)
from tests.permissions_world import (
    WHO,
    answer_to,
    client_of,
    make_world,
    may,
)

pytestmark = pytest.mark.django_db


def test_every_model_of_the_admin_has_a_row():
    found = {model._meta.label_lower for model in admin.site._registry}
    assert found - MODELS.keys() == set(), "add a row to tests/permissions_table.py"
    assert MODELS.keys() - found == set()


@pytest.fixture
def world() -> dict[str, int]:
    return make_world()


@pytest.mark.parametrize("label", MODELS)
def test_the_admin_gives_each_role_what_the_table_says(label):
    found = next(m for m in admin.site._registry if m._meta.label_lower == label)
    model_admin = admin.site._registry[found]
    for who in (None, *Role):
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=person(who if isinstance(who, Role) else None).pk)
        asked = ("view", "add", "change", "delete")
        given = [bool(getattr(model_admin, f"has_{act}_permission")(request)) for act in asked]
        expected = [least is not None and may(who, least) for least in MODELS[label]]
        assert given == expected, f"{label} as {who}"


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
        client = client_of(who)
        for address, least in asked:
            status, to = answer_to(client, "GET", address)
            told = f"GET {address} as {who}: {status} {to}"
            if least is not None and may(who, least):
                assert status == 200, told
            else:
                assert status in {302, 403}, told
                assert status == 403 or "login" in to or to in {"/", reverse("admin:index")}, told
        if row is not None and not (change is not None and may(who, change)):
            status, _ = answer_to(client, "POST", reverse(f"{base}_change", args=[row.pk]))
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
