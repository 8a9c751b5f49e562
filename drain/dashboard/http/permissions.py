"""Permissions, asked on the server for every view: `@requires("drain.clear_queued", ACT)`.

Templates hide what a person may not do with `{% if perms.drain.clear_queued %}`; that is a courtesy,
this is the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from drain.dashboard.http.methods import READ, Methods, answers
from drain.models.roles import Role, least_role

P = ParamSpec("P")
NAMED = 3
"""Administrators that a sentence names."""
SEE = "drain.view_phase"
"""The permission of every role: to see the pages at all."""


def requires(
    permission: str = SEE,
    methods: Methods = READ,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """A view of `methods` for those who have `permission`; others get 403 and the role that may."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request, permission)
            return view(request, *args, **kwargs)

        return answers(methods)(guarded)  # type: ignore[return-value] # functools.wraps loses Concatenate

    return decorate


def require(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied with a sentence that names the role, unless the person has `permission`."""
    if request.user.has_perm(permission):
        return
    if not request.user.has_perm(SEE):
        raise PermissionDenied(
            f"The account {request.user.get_username()} has no role yet, so it sees nothing. "
            f"Ask {_whom_to_ask()} for one."
        )
    role = least_role(permission)
    who = f"the role {role} or a higher one" if role else "a superuser"
    raise PermissionDenied(f"This needs {who}. Ask an administrator of this site for it.")


def _whom_to_ask() -> str:
    """The first administrators by name, with an address where they gave one."""
    gives = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR)
    people = get_user_model().objects.filter(gives, is_active=True).distinct().order_by("pk")
    names = [
        f"{name} ({email})" if email else name
        for name, email in people.values_list("username", "email")[:NAMED]
    ]
    return " or ".join(names) or "an administrator of this site"
