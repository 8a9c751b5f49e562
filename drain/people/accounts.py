"""Who asks and what they may do: Django's own answers, in one prepared statement instead of three."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS

from drain.db.prepared import row

_GIVEN = """
ARRAY(
    SELECT c.app_label || '.' || p.codename FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
    WHERE u.is_superuser OR p.id IN (
        SELECT permission_id FROM auth_user_user_permissions WHERE user_id = u.id
        UNION ALL
        SELECT g.permission_id FROM auth_group_permissions g JOIN auth_user_groups m ON m.group_id = g.group_id
        WHERE m.user_id = u.id
    )
) AS given
"""
_PERMISSIONS = f"SELECT {_GIVEN} FROM auth_user u WHERE u.id = %(user)s::bigint"  # noqa: S608


class Accounts(ModelBackend):
    """Accounts with passwords. Every page asks who somebody is and what they may do: both are read in one go."""

    def get_user(self, user_id: int) -> User | None:
        """The account of a browser session, if it is still there and active."""
        found = row(_account(), {"user": user_id})
        if found is None:
            return None
        given = found.pop("given")
        user = User.from_db(DEFAULT_DB_ALIAS, list(found), list(found.values()))
        user.given = set(given)  # type: ignore[attr-defined] # kept beside the row for this request
        return user if self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """`app.codename` of what a person was given, themselves or through a group; all for a superuser."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        if not hasattr(user_obj, "given"):
            found = row(_PERMISSIONS, {"user": user_obj.pk})
            user_obj.given = set(found["given"]) if found else set()
        kept: set[str] = user_obj.given
        return kept


@cache
def _account() -> str:
    # By name: a statement that is prepared as u.* would break when a column is added.
    columns = ", ".join(f"u.{field.column}" for field in User._meta.concrete_fields)  # noqa: SLF001 - Django documents it
    return f"SELECT {columns}, {_GIVEN} FROM auth_user u WHERE u.id = %(user)s::bigint"  # noqa: S608
