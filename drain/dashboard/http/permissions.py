"""Who may do what, asked on the server for every view: `@requires("drain.clear_queued")`.

Templates hide what a person may not do with `{% if perms.drain.clear_queued %}`; that is a courtesy,
this is the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from drain.models.roles import least_role

P = ParamSpec("P")
SEE = "drain.view_phase"
"""What every role has: to see the pages at all."""


def requires(
    permission: str = SEE,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """A view for those who have `permission`; others get 403 and a page that says which role may."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request, permission)
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value] # functools.wraps loses Concatenate

    return decorate


def require(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied with a sentence that names the role, unless the person has `permission`."""
    if request.user.has_perm(permission):
        return
    role = least_role(permission)
    who = f"the role {role} or a higher one" if role else "a superuser"
    raise PermissionDenied(f"This needs {who}. Ask an administrator of this site for it.")
