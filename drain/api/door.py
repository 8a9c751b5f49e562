"""The one door of the API: who asks, may they, and every error as one sentence in JSON.

Only a bearer token counts here. The cookie of a browser does not, so another site has nothing to forge with
and no CSRF token is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.parser import Parser
from ninja.security import HttpBearer

from drain.models.audit import Person
from drain.models.roles import least_role
from drain.models.vocabulary import Origin
from drain.people.refused import record_refusal
from drain.people.requests import address_of
from drain.people.tokens import UsedToken, described, use_token
from drain.policy.texts import unstorable


class ApiError(Exception):
    """Refused, with an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Caller:
    """The person of a token, with their name in the audit."""

    user: User
    person: Person


class Token(HttpBearer):
    """A token of somebody who has `permission`; raises ApiError 401, 429 or 403."""

    def __init__(self, permission: str) -> None:
        super().__init__()
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Caller:
        """Return who asks."""
        found = self.authenticate(request, bearer(request))
        _refuse_unknown_words(request)
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Count one use of the token and ask for the permission."""
        used = require_token(token)
        acts = request.method == "POST"
        key = described(used.token) if acts else ""
        person = Person(used.user.get_username(), Origin.API, address_of(request), key)
        if not used.user.has_perm(self.permission):
            role = least_role(self.permission) or "superuser"
            said = f"This needs the role {role} or a higher one; the token is {used.user}'s."
            if acts:
                record_refusal(person, "POST", request.path, said)
            raise ApiError(403, said)
        return Caller(used.user, person)


def _refuse_unknown_words(request: HttpRequest) -> None:
    """Refuse words of the address that nobody reads: a misspelt one would silently do something else."""
    known: Set[str] = getattr(request, "known_words", None) or frozenset()
    for word in request.GET:
        if word not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ApiError(422, f"There is no field “{word[:60]}”; there are: {names}.")


def caller(request: HttpRequest) -> Caller:
    """Return the caller, after the door let them in."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found


def bearer(request: HttpRequest) -> str:
    """The secret that came with a request; "" for none."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def require_token(secret: str) -> UsedToken:
    """The token, counted as one use. Raises ApiError 401 or 429."""
    used = use_token(secret)
    if used is None:
        raise ApiError(
            401,
            "A valid token is missing: send `Authorization: Bearer TOKEN`; an administrator makes one in the admin.",
            WWW_Authenticate='Bearer realm="drainsite"',
        )
    if used.wait:
        raise ApiError(
            429,
            f"Too many requests with this token: wait {used.wait} s.",
            Retry_After=str(used.wait),
        )
    return used


class StorableJson(Parser):
    """Reads a body as one JSON object that can be stored. Raises ApiError 400."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the object."""
        try:
            found = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "The body is no JSON: send one object, like {}.") from error
        if not isinstance(found, dict):
            raise ApiError(400, "The body must be one JSON object, like {}.")
        require_storable(found, "The body")
        return found


def require_storable(value: object, where: str) -> None:
    """Refuse what no column can hold, wherever it stands in a JSON value."""
    for text in _texts(value):
        if what := unstorable(text):
            raise ApiError(400, f"{where} holds {what}.")


def _texts(found: object) -> Iterator[str]:
    """Every text in a JSON value, names of fields included, however deep it is."""
    left = [found]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
