"""The one door of the API: who asks, may they, and every error as one sentence in JSON.

Only a bearer token counts here. The cookie of a browser does not, so another site has nothing to forge with
and no CSRF token is needed.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt

from drain.engine.errors import EngineError, InputError
from drain.models.audit import Person
from drain.models.roles import least_role
from drain.models.vocabulary import Origin
from drain.people.refused import record_refusal
from drain.people.requests import address_of
from drain.people.tokens import Used, described, use_token
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError
from drain.policy.texts import unstorable


class ApiError(Exception):
    """Refused, with an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came in by the door: the person, the query and the JSON object of the body."""

    user: User
    person: Person
    query: QueryDict
    body: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    repeat_key: str | None = None
    """The header Idempotency-Key, as it came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: plain JSON values, and a status."""

    value: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


log = logging.getLogger(__name__)
# What went wrong may hold what the token's person may not see.
_FAILED = "The server failed at this; the log of the web process says why under {}."
Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Method:
    """What answers a method of an address, and the permission that it takes."""

    permission: str
    handler: Handler


def endpoint(**methods: Method) -> Callable[..., HttpResponse]:
    """A view of the API: `endpoint(GET=Method("drain.view_run", run_list))`."""

    @csrf_exempt
    @login_not_required
    def view(request: HttpRequest, **where: Any) -> HttpResponse:
        try:
            answer = _answer(request, methods, where)
        except ApiError as error:
            return _refusal(error)
        except (InputError, LimitError, CycleError) as error:
            return _refusal(ApiError(422, str(error)))
        except EngineError as error:
            return _refusal(ApiError(409, str(error)))
        except Exception:
            number = secrets.token_hex(4)
            log.exception("%s failed, number %s", request.path, number)
            return _refusal(ApiError(500, _FAILED.format(number)))
        return _json(dict(answer.value), answer.status, answer.headers)

    return view


def _answer(request: HttpRequest, methods: Mapping[str, Method], where: dict[str, Any]) -> Answer:
    used = _require_token(request)
    user = used.user
    asked = "GET" if request.method == "HEAD" else str(request.method)
    method = methods.get(asked)
    if method is None:
        allowed = ", ".join(methods)
        raise ApiError(405, f"{request.path} answers {allowed} only.", Allow=allowed)
    token = described(used.token) if asked == "POST" else ""
    person = Person(user.get_username(), Origin.API, address_of(request), token)
    if not user.has_perm(method.permission):
        role = least_role(method.permission) or "superuser"
        said = f"This needs the role {role} or a higher one; the token is {user}'s."
        if asked == "POST":
            record_refusal(person, asked, request.path, said)
        raise ApiError(403, said)
    body = _body(request) if asked == "POST" else {}
    key = request.headers.get("Idempotency-Key")
    return method.handler(Call(user, person, request.GET, body, request.path, key), **where)


def _require_token(request: HttpRequest) -> Used:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    used = use_token(secret.strip()) if kind.lower() == "bearer" else None
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


def _body(request: HttpRequest) -> Mapping[str, Any]:
    try:
        raw = request.body
    except RequestDataTooBig as error:
        raise ApiError(413, "The body is too large: name fewer phases, or a whole run.") from error
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "The body is no JSON: send one object, like {}.") from error
    if not isinstance(found, dict):
        raise ApiError(400, "The body must be one JSON object, like {}.")
    for text in _texts(found):
        if what := unstorable(text):
            raise ApiError(400, f"The body holds {what}.")
    return found


def _texts(found: object) -> Iterator[str]:
    """Every text in a JSON value, names of fields included, however deep it is."""
    left = [found]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value


def _refusal(error: ApiError) -> HttpResponse:
    return _json({"error": str(error)}, error.status, error.headers)


def _json(
    value: dict[str, Any], status: int, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    # Nobody between keeps what only this token may see.
    return JsonResponse(
        value, status=status, headers={"Cache-Control": "no-store", **(headers or {})}
    )


@csrf_exempt
@login_not_required
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Every other address below /api/: a sentence instead of a page."""
    return _refusal(
        ApiError(404, "There is nothing at this address: docs/api.md lists what there is.")
    )
