"""One request to a service of jobs: bounded in time and size, led nowhere else; it can be broken off."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from drain.engine.executions.remote.service import UnreachableError

SILENCE_SECONDS = 10.0
"""The longest silence of a service while it is asked."""
CALL_SECONDS = 15.0
"""The longest time of an answer in all; a longer one is broken off."""
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a service."""

    status: int
    body: bytes
    cut: bool
    """There was more than was asked for."""
    rest: bool
    """The body is the part of the whole that was asked for (206)."""


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class Call:
    """One request. A redirect is an answer like any other: what it would send on are the headers' secrets."""

    def __init__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> None:
        self._method = method
        self._parts = urlsplit(url)
        self._headers = headers
        self._body = body
        self._socket: socket.socket | None = None
        self._broken_off = False

    def answer(self, limit: int, skip: int = 0) -> Answer:
        """Return the answer: at most `limit` bytes of it after the first `skip`. Raises UnreachableError."""
        connection = self._connection()
        try:
            connection.connect()
        except (OSError, ValueError) as error:
            connection.close()
            raise UnreachableError(f"it cannot be reached ({_said(error)})", sent=False) from None
        self._socket = connection.sock
        try:
            return self._ask(connection, limit, skip)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise UnreachableError(f"it did not answer ({_said(error)})", sent=True) from None
        finally:
            connection.close()

    def break_off(self) -> None:
        """End it at once, from another thread; harmless when it is over."""
        self._broken_off = True
        held = self._socket
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=SILENCE_SECONDS, context=_trust()
            )
        return http.client.HTTPConnection(host, port, timeout=SILENCE_SECONDS)

    def _ask(self, connection: http.client.HTTPConnection, limit: int, skip: int) -> Answer:
        if self._broken_off:
            raise OSError("broken off")
        query = f"?{self._parts.query}" if self._parts.query else ""
        target = (self._parts.path or "/") + query
        until = time.monotonic() + CALL_SECONDS
        connection.request(self._method, target, self._body, dict(self._headers))
        response = connection.getresponse()
        rest = response.status == http.HTTPStatus.PARTIAL_CONTENT
        wanted = limit + (0 if rest else skip)
        body = bytearray()
        while len(body) <= wanted and (block := response.read1(_BLOCK)):
            body += block
            if time.monotonic() > until:
                raise TimeoutError("its answer takes too long")
        if self._broken_off:
            # What ends in its headers is taken for a whole answer by the library.
            raise TimeoutError("broken off")
        kept = bytes(body[0 if rest else skip : wanted])
        return Answer(response.status, kept, cut=len(body) > wanted, rest=rest)


def _said(error: Exception) -> str:
    """Return the fault in words that hold nothing of the request."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
