"""A service that speaks the contract of docs/executors.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import drain
from drain.engine.executions.remote.call import Answer, Call
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    RefusedError,
    Request,
    ServiceError,
    Status,
    UnknownJobError,
    UnreachableError,
)
from drain.engine.process.output.text import safe_text
from drain.policy.remote import JOB_ID, Remote

ANSWER_LIMIT = 64 * 1024
LOG_PART = 1024 * 1024
MESSAGE_LIMIT = 4000
_EXCERPT = 300
_LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers of servers that are overloaded, or away behind a proxy."""
_UNKNOWN = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_OVER = frozenset({HTTPStatus.CONFLICT, *_UNKNOWN})
_MOST_EXIT = 2**31


class HttpJobs:
    """The job of one attempt: started, asked for and cancelled over HTTP."""

    def __init__(self, remote: Remote, request: Request, headers: Mapping[str, str]) -> None:
        self._job = request.job_id
        self._headers = {"User-Agent": f"drainsite/{drain.__version__}", **headers}
        self._call: Call | None = None
        self._start, self._poll, self._cancel, self._log = (
            address.replace(JOB_ID, quote(self._job)) for address in self._addresses(remote)
        )

    def start(self, request: Request) -> None:
        """Start the job. Raises RefusedError, and UnreachableError where it may help to try again."""
        body = json.dumps(self._body(request)).encode()
        given = {"Content-Type": "application/json", "Idempotency-Key": self._job}
        answer = self._asked("POST", self._start, given, body)
        if answer.status != HTTPStatus.CONFLICT and not is_good(answer):
            broken = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise RefusedError(said_by(answer), broken=broken)

    def ask(self) -> Status:
        """Return how far the job is. Raises UnknownJobError, UnreachableError and ServiceError."""
        return self._status(self._found())

    def cancel(self) -> None:
        """Have the job stopped. Raises UnreachableError and ServiceError."""
        answer = self._asked("POST", self._cancel, {}, b"")
        if answer.status not in _OVER and not is_good(answer):
            raise ServiceError(said_by(answer))

    def read_log(self, offset: int) -> LogPart:
        """Return some of the log. Raises UnreachableError and ServiceError."""
        if not self._log:
            return LogPart(b"", more=False)
        given = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._asked("GET", self._log, given, limit=LOG_PART, skip=offset)
        if answer.status in {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, *_UNKNOWN}:
            return LogPart(b"", more=False)
        if not is_good(answer):
            raise ServiceError(said_by(answer))
        return LogPart(answer.body, more=answer.cut)

    def break_off(self) -> None:
        """End the call that another thread waits for."""
        if self._call is not None:
            self._call.break_off()

    def _addresses(self, remote: Remote) -> tuple[str, str, str, str]:
        below = f"{remote.url.partition('?')[0].rstrip('/')}/{JOB_ID}"
        poll, cancel = remote.poll_url or below, remote.cancel_url or f"{below}/cancel"
        return remote.url, poll, cancel, remote.log_url

    def _body(self, request: Request) -> dict[str, Any]:
        return {
            "submission_id": request.job_id,
            "run_id": request.run_id,
            "phase_id": request.phase_id,
            "phase_index": request.phase_index,
            "attempt": request.attempt,
            "params": dict(request.params),
            "timeout_seconds": request.timeout,
            "command": list(request.argv),
            "env": dict(request.env),
        }

    def _status(self, said: Mapping[str, Any]) -> Status:
        return Status(
            state_of(said.get("state")),
            exit_code_of(said.get("exit_code")),
            text(said.get("message")),
        )

    def _found(self) -> Mapping[str, Any]:
        return object_of(self._known("GET", self._poll, {"Accept": "application/json"}))

    def _asked(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        limit: int = ANSWER_LIMIT,
        skip: int = 0,
    ) -> Answer:
        self._call = Call(method, url, {**self._headers, **headers}, body)
        answer = self._call.answer(limit, skip)
        if answer.status in _LATER:
            raise UnreachableError(said_by(answer))
        return answer

    def _known(
        self, method: str, url: str, headers: Mapping[str, str], limit: int = ANSWER_LIMIT
    ) -> Answer:
        answer = self._asked(method, url, headers, limit=limit)
        if answer.status in _UNKNOWN:
            gone = answer.status == HTTPStatus.GONE
            raise UnknownJobError("it knows no such job", gone=gone)
        if not is_good(answer):
            raise ServiceError(said_by(answer))
        return answer


def is_good(answer: Answer) -> bool:
    """Return whether it is any 2xx."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def said_by(answer: Answer) -> str:
    """Return a service's unexpected answer for people: bounded and safe."""
    excerpt = " ".join(safe_text(answer.body[: 4 * _EXCERPT]).split())[:_EXCERPT]
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"it answered HTTP {answer.status}, and nobody is followed who sends on"
    return f"it answered HTTP {answer.status}" + (f": {excerpt}" if excerpt else "")


def object_of(answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object that a service answered. Raises ServiceError."""
    try:
        found = None if answer.cut else json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ServiceError(
            f"what it said of the job is no JSON object of up to {ANSWER_LIMIT} bytes"
        )
    return found


def state_of(said: object) -> JobState:
    """Return the state that a service named. Raises ServiceError for any other word."""
    try:
        return JobState(said if isinstance(said, str) else "")
    except ValueError:
        words = ", ".join(JobState)
        raise ServiceError(f"the state of the job is none of {words}") from None


def exit_code_of(said: object) -> int | None:
    """Return the exit code that a service named; None for what is none."""
    if not isinstance(said, int) or isinstance(said, bool):
        return None
    return said if abs(said) < _MOST_EXIT else None


def text(said: object) -> str:
    """Return a service's text for people, safe and bounded; "" for anything that is no text."""
    if not isinstance(said, str):
        return ""
    return safe_text(said[:MESSAGE_LIMIT].encode(errors="replace")).strip()
