"""The API as one object: its operations, how it refuses, and its description for machines."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import DocsBase

from drain.engine.errors import EngineError, InputError
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.policy.moments import MomentError
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError
from drain.sources.errors import SourceError

from .door import ApiError, StorableJson, Token, bearer, require_token
from .schemas import Refusal, Words
from .sentences import sentence_of

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger(__name__)
REFUSED = frozenset({400, 401, 403, 404, 409, 413, 422, 429, 500})
WRONG = (InputError, LimitError, CycleError, CauseError, MomentError, SourceError)
# What went wrong may hold what the token's person may not see.
_FAILED = "The server failed at this; the log of the web process says why under {}."


class DrainApi(NinjaAPI):
    """NinjaAPI without the character set behind `application/json`, which JSON has none of."""

    def get_content_type(self) -> str:
        """Return the type of every answer."""
        return "application/json"


class _Page(DocsBase):
    """The description for people, with a form for each operation."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Render the library's viewer without a script in the page, as the site's policy asks."""
        swagger = {
            "url": self.get_openapi_url(api, kwargs),
            "layout": "BaseLayout",
            "deepLinking": True,
            "tryItOutEnabled": True,
        }
        return render(request, "api/page.html", {"swagger": swagger})


api = DrainApi(
    title="drainsite",
    version="1",
    description="Read what the pages show, and act by the verbs that pages and commands call.",
    urls_namespace="api",
    docs=_Page(),
    docs_decorator=require_safe,
    parser=StorableJson(),
)
DESCRIBED = {"openapi-json", "openapi-view"}
"""Addresses for anybody: they say what the product can do, and nothing of this site."""
_words: dict[tuple[str, str], frozenset[str]] = {}


def operation(
    method: str,
    path: str,
    permission: str,
    name: str,
    answers: Any,
    *,
    status: int = 200,
    also: Mapping[int, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> Callable[[F], F]:
    """Make a function answer `method` at `path` for those who have `permission`.

    `name` is the name of its address, `answers` the schema of success (`status`), `also` of other successes.
    """

    def register(function: F) -> F:
        hints = get_type_hints(function)
        models = [hint for hint in hints.values() if isinstance(hint, type)]
        filters = [model for model in models if issubclass(model, Words)]
        _words[name, method] = frozenset().union(*(model.model_fields for model in filters))
        made: F = api.api_operation(
            [method],
            path,
            auth=Token(permission),
            response={status: answers, **(also or {}), REFUSED: Refusal},
            operation_id=f"{name}-{method.lower()}".replace("-", "_"),
            url_name=name,
            summary=str(function.__doc__).partition("\n")[0].partition(";")[0].rstrip("."),
            tags=[path.partition("/")[0]],
            openapi_extra=extra,
        )(function)
        return made

    return register


def addresses() -> list[URLPattern]:
    """Return the addresses of the API, each answering in JSON whatever happens."""
    found: list[URLPattern] = []
    for pattern in api.urls[0]:
        if not isinstance(pattern, URLPattern) or pattern.name == "api-root":
            continue
        pattern.callback = _answering(pattern.callback, str(pattern.name))
        found.append(pattern)
    return found


def _answering(view: Callable[..., Any], name: str) -> Callable[..., HttpResponse]:
    @csrf_exempt
    @login_not_required
    def answering(request: HttpRequest, **where: Any) -> HttpResponse:
        if request.method == "HEAD":
            request.method = "GET"
        request.known_words = _words.get((name, str(request.method)))  # type: ignore[attr-defined]
        answer: HttpResponse = view(request, **where)
        if answer.status_code == 405 and name not in DESCRIBED:
            try:
                require_token(bearer(request))
            except ApiError as error:
                return refusal(error)
            allowed = answer["Allow"]
            return refusal(ApiError(405, f"{request.path} answers {allowed} only.", Allow=allowed))
        # Nobody between keeps what only this token may see.
        answer["Cache-Control"] = "no-store"
        return answer

    return answering


def refusal(error: ApiError) -> HttpResponse:
    """Return the sentence of a refusal as JSON."""
    headers = {"Cache-Control": "no-store", **error.headers}
    return JsonResponse({"error": str(error)}, status=error.status, headers=headers)


def _refuse(request: HttpRequest, error: Any) -> HttpResponse:
    """Turn whatever an operation raises into one sentence with its status."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, ApiError):
        error = error.__cause__
    if isinstance(error, ApiError):
        return refusal(error)
    if isinstance(error, ValidationError):
        return refusal(ApiError(422, sentence_of(error.errors[0])))
    if isinstance(error, RequestDataTooBig):
        return refusal(ApiError(413, "The body is too large: name fewer phases, or a whole run."))
    if isinstance(error, WRONG):
        return refusal(ApiError(422, str(error)))
    if isinstance(error, EngineError):
        return refusal(ApiError(409, str(error)))
    number = secrets.token_hex(4)
    log.error("%s failed, number %s", request.path, number, exc_info=error)
    return refusal(ApiError(500, _FAILED.format(number)))


for _kind in (Exception, ValidationError, HttpError):
    api.add_exception_handler(_kind, _refuse)


@csrf_exempt
@login_not_required
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer every other address below /api/ with a sentence instead of a page."""
    return refusal(
        ApiError(404, "There is nothing at this address: docs/api.md lists what there is.")
    )
