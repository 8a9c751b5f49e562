"""One message to one webhook: signed, posted, and judged by the status of its answer alone.

The answer's body is neither read nor kept: a receiver has nothing to say here.
Redirects are not followed, since where they lead was judged by nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

import drain
from drain.engine.news.addresses import AddressError, Target, parse, resolve_host

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 10.0
"""From the connection to the status of the answer, however slowly it comes."""
_MOVED = range(300, 400)
_GOOD = range(200, 300)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for one webhook."""

    delivery: str
    kind: str
    url: str
    secret: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of a delivery; no error means that the receiver took it."""

    error: str
    status: int | None = None
    milliseconds: int | None = None


def body_of(message: dict[str, Any]) -> bytes:
    """The message as signed and sent: ASCII, so that no log or terminal on the way obeys what is in it."""
    return json.dumps(message, sort_keys=True).encode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, in hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def headers_of(letter: Letter, now: float) -> dict[str, str]:
    """The headers of a letter that is sent now."""
    timestamp = str(int(now))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"drainsite/{drain.__version__}",
        "Drainsite-Event": letter.kind,
        "Drainsite-Delivery": letter.delivery,
        "Drainsite-Timestamp": timestamp,
        "Drainsite-Signature": f"v1={signature(letter.secret, timestamp, letter.body)}",
    }


def send(letter: Letter) -> SendResult:
    """Post it; never raises. Touches no database."""
    began = time.monotonic()
    try:
        target = parse(letter.url)
        status = _post(target, resolve_host(target), letter)
    except AddressError as error:
        return SendResult(str(error)[:300])
    except TimeoutError:
        return SendResult("It took too long to answer.", None, _since(began))
    except ssl.SSLCertVerificationError as error:
        return SendResult(f"Its certificate is not trusted: {error.verify_message}."[:300])
    except (OSError, HTTPException, ValueError) as error:
        return SendResult(_broken(error, began), None, _since(began))
    return SendResult(_judged(status), status, _since(began))


def _post(target: Target, address: str, letter: Letter) -> int:
    """Connect to exactly this address and return the status of the answer."""
    raw = socket.create_connection((address, target.port), timeout=CONNECT_SECONDS)
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    # Each read has a time limit of its own; bytes that drip in need one over all of them.
    alarm = threading.Timer(WHOLE_SECONDS, cut)
    alarm.daemon = True
    alarm.start()
    try:
        if target.scheme == "https":
            context = ssl.create_default_context()
            raw = context.wrap_socket(raw, server_hostname=target.host)
        connection = HTTPConnection(target.host, target.port)
        connection.sock = raw
        connection.request("POST", target.path, letter.body, headers_of(letter, time.time()))
        status = connection.getresponse().status
        if late.is_set():
            raise TimeoutError
        return status
    finally:
        alarm.cancel()
        raw.close()


def _judged(status: int) -> str:
    if status in _GOOD:
        return ""
    if status in _MOVED:
        return f"It answered {status}: redirects are not followed, so give the address that it leads to."
    return f"It answered {status}."


def _broken(error: Exception, began: float) -> str:
    if time.monotonic() - began >= WHOLE_SECONDS:
        return "It took too long to answer."
    said = getattr(error, "strerror", None) if isinstance(error, OSError) else None
    return f"It could not be reached or did not speak HTTP: {said or type(error).__name__}."[:300]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
