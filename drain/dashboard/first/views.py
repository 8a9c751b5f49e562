"""The page behind the address that `up` prints on a site without accounts."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from drain.people.first_account import (
    NAME,
    InvitationError,
    NotInvitedError,
    accept_invitation,
    require_invited,
)
from drain.people.requests import address_of
from drain.people.sign_on import BACKEND


@sensitive_post_parameters()
@login_not_required
def first_account(request: HttpRequest, key: str) -> HttpResponse:
    """Choose a name and a password while nobody can sign in; 404 for an address that is of no use."""
    name = request.POST.get("name", NAME).strip()
    try:
        require_invited(key)
        if request.method != "POST":
            return _show(request, name)
        made = accept_invitation(key, name, _password(request), address_of(request))
    except NotInvitedError as error:
        return _show(request, name, str(error), status=404)
    except InvitationError as error:
        return _show(request, name, str(error), status=422)
    login(request, made, backend=BACKEND)
    return redirect("drain:overview")


def _password(request: HttpRequest) -> str:
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        raise InvitationError("The passwords differ: type the same one twice.")
    return password


def _show(request: HttpRequest, name: str, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "name": name,
        "problem": problem,
        "invited": status != 404,
        "rules": password_validators_help_texts(),
    }
    response = render(request, "first/account.html", context, status=status)
    # The address is a key until the account is made.
    response["Referrer-Policy"] = "same-origin"
    return response
