"""What an account may do: Django's own answer, asked in one prepared statement instead of two."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from drain.models.door.cursor import rows

_GIVEN = """
SELECT c.app_label || '.' || p.codename AS name
FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
WHERE %(all)s OR p.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT g.permission_id FROM auth_group_permissions g JOIN auth_user_groups u ON u.group_id = g.group_id
    WHERE u.user_id = %(user)s
)
"""


class Accounts(ModelBackend):
    """Accounts with passwords. Every page asks what somebody may do, so all of it is read in one go."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """`app.codename` of what a person was given, themselves or through a group; all for a superuser."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        if not hasattr(user_obj, "given"):
            asked = {"user": user_obj.pk, "all": user_obj.is_superuser}
            user_obj.given = {found["name"] for found in rows(_GIVEN, asked)}
        kept: set[str] = user_obj.given
        return kept
