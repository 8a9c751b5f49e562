"""What somebody may do is what Django says, read once a request."""

from __future__ import annotations

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission, User

from drain.models.roles import Role
from drain.people.accounts import Accounts
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", ["nobody", "role", "both", "superuser", "switched off"])
def test_it_is_what_django_says_and_asked_once(case):
    user = person(None if case == "nobody" else Role.OPERATOR)
    user.is_active = case != "switched off"
    user.is_superuser = case == "superuser"
    user.save()
    if case == "both":
        user.user_permissions.set(Permission.objects.filter(codename__startswith="add_"))
    expected = ModelBackend().get_all_permissions(User.objects.get(pk=user.pk))
    fresh = User.objects.get(pk=user.pk)
    given = Accounts().get_all_permissions(fresh)
    assert given == expected
    assert not given or Accounts().get_all_permissions(fresh) is given
    assert bool(expected) is (case in {"role", "both", "superuser"})


def test_rights_over_one_row_and_of_strangers_are_none():
    user = person(Role.OPERATOR)
    assert Accounts().get_all_permissions(user, user) == set()
    assert Accounts().get_all_permissions(AnonymousUser()) == set()
