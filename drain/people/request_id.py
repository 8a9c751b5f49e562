"""Each request has an id: in the log of all that it does, and in the answer,
so that the two can be put together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from drain.logs import from_now_on
from drain.people.requests import from_trusted_proxy

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@receiver(request_finished, dispatch_uid="drain.request_id")
def _finished(**_: object) -> None:
    from_now_on()


class RequestIdMiddleware:
    """Names the request by what a trusted proxy calls it, else by an id of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; everything that is logged until the request is finished has the id.

        Django tells of refusals and errors after the last middleware, so it holds longer than this call.
        """
        given = request.headers.get(HEADER, "") if from_trusted_proxy(request) else ""
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)
        from_now_on(request=name)
        response = self._get_response(request)
        response[HEADER] = name
        return response
