"""People that somebody may act for: with a key in their name, or with a password that is set for them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.db.models import Q, QuerySet

MAKES_KEYS = "add_apitoken"


def may_act_for(by: Any) -> QuerySet[User]:
    """Active accounts in whose name `by` may make a key: their own, and those that may do less.

    Never another administrator's, nor one that may do anything that `by` may not: the record would name the
    wrong person. Superusers may for everybody.
    """
    people = User.objects.filter(is_active=True)
    if by.is_superuser:
        return people
    own = Permission.objects.filter(Q(user=by) | Q(group__user=by))
    beyond = Permission.objects.filter(
        ~Q(pk__in=own.values("pk")) | Q(codename=MAKES_KEYS, content_type__app_label="drain")
    ).values("pk")
    more = Q(pk__in=User.objects.filter(user_permissions__in=beyond).values("pk")) | Q(
        pk__in=User.objects.filter(groups__permissions__in=beyond).values("pk")
    )
    return people.filter(Q(pk=by.pk) | ~(more | Q(is_superuser=True)))
