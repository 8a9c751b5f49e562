"""Answers of a service over HTTP in the words of an execution, one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drain.engine.executions.remote import http
from drain.engine.executions.remote.call import Answer
from drain.engine.executions.remote.ending import StopOrder, ended_of, said_of
from drain.engine.executions.remote.http import HttpJobs
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
from drain.engine.process.ended import Command
from drain.engine.process.output.events import Report
from drain.engine.process.output.log import NOTHING, LogSummary
from drain.policy.remote import Kind, Remote

REQUEST = Request("job 1", "r", "p", 0, 1, {}, 60.0, ())


class Calls:
    """The requests to a service, and the one answer to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.status, self.body, self.cut = 200, b"{}", False
        self.asked: list[tuple[str, str, dict[str, str], int, int]] = []
        monkeypatch.setattr(http, "Call", self._call)

    def _call(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> Any:
        del body
        self._now = method, url, headers
        return self

    def answer(self, limit: int, skip: int = 0) -> Answer:
        self.asked.append((*self._now, limit, skip))
        return Answer(self.status, self.body, cut=self.cut, rest=False)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def jobs(log_url: str = "http://s/log/{submission_id}") -> HttpJobs:
    return HttpJobs(Remote(Kind.HTTP, "http://s/jobs/?key=1", log_url=log_url), REQUEST, {})


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None), (201, None), (204, None), (409, None),
        (302, RefusedError), (400, RefusedError), (404, RefusedError), (500, RefusedError), (501, RefusedError),
        (408, UnreachableError), (425, UnreachableError), (429, UnreachableError), (502, UnreachableError),
        (503, UnreachableError), (504, UnreachableError),
    ],
)  # fmt: skip
def test_a_start_is_taken_refused_or_to_be_sent_again(
    calls: Calls, status: int, error: type[Exception] | None
) -> None:
    calls.status = status
    if error is None:
        return jobs().start(REQUEST)
    with pytest.raises(error) as raised:
        jobs().start(REQUEST)
    assert isinstance(raised.value, UnreachableError) or raised.value.broken is (status >= 500)  # type: ignore[attr-defined]
    assert not isinstance(raised.value, UnreachableError) or raised.value.sent
    return None


@pytest.mark.parametrize(
    ("status", "error", "gone"),
    [(404, UnknownJobError, False), (410, UnknownJobError, True), (302, ServiceError, None),
     (401, ServiceError, None), (500, ServiceError, None), (503, UnreachableError, None)],
)  # fmt: skip
def test_a_job_is_unknown_only_where_its_service_says_so(
    calls: Calls, status: int, error: type[Exception], gone: bool | None
) -> None:
    calls.status = status
    with pytest.raises(error) as raised:
        jobs().ask()
    assert type(raised.value) is error
    assert getattr(raised.value, "gone", None) is gone


@pytest.mark.parametrize("status", [200, 202, 404, 409, 410])
def test_what_is_over_or_unknown_is_cancelled(calls: Calls, status: int) -> None:
    calls.status = status
    jobs().cancel()


@pytest.mark.parametrize("status", [302, 400, 401, 500, 503])
def test_a_cancel_that_is_not_taken_is_an_error(calls: Calls, status: int) -> None:
    calls.status = status
    with pytest.raises(ServiceError):
        jobs().cancel()


@pytest.mark.parametrize(
    ("status", "found"),
    [(200, LogPart(b"more", more=False)), (206, LogPart(b"more", more=False)),
     (416, LogPart(b"", more=False)), (404, LogPart(b"", more=False)), (410, LogPart(b"", more=False))],
)  # fmt: skip
def test_a_log_has_a_part_from_here_on_or_none(calls: Calls, status: int, found: LogPart) -> None:
    calls.status, calls.body = status, b"more"
    assert jobs().read_log(7) == found
    (_, url, headers, limit, skip), = calls.asked  # fmt: skip
    assert (url, limit, skip) == ("http://s/log/job%201", http.LOG_PART, 7)
    assert headers["Range"] == "bytes=7-"
    calls.cut = True
    if found.data:
        assert jobs().read_log(0) == LogPart(b"more", more=True)
        assert "Range" not in calls.asked[-1][2], "the whole is no range"


def test_a_log_that_is_refused_is_an_error_and_one_without_address_is_not_asked_for(
    calls: Calls,
) -> None:
    calls.status = 500
    with pytest.raises(ServiceError):
        jobs().read_log(0)
    calls.asked.clear()
    assert jobs(log_url="").read_log(0) == LogPart(b"", more=False)
    assert calls.asked == []


def said(calls: Calls, **values: object) -> Status:
    calls.body = json.dumps({"state": "failed", **values}).encode()
    return jobs().ask()


@pytest.mark.parametrize(
    ("given", "code"),
    [(0, 0), (3, 3), (-9, -9), (True, None), ("3", None), (None, None), (3.0, None),
     (2**31, None), (-(2**31), None), (2**31 - 1, 2**31 - 1)],
)  # fmt: skip
def test_an_exit_code_is_a_whole_number_that_a_row_can_hold(
    calls: Calls, given: object, code: int | None
) -> None:
    assert said(calls, exit_code=given).exit_code == code


@pytest.mark.parametrize(
    ("given", "message"),
    [("no such image\n", "no such image"), (7, ""), (None, ""), ("\x1b[31mred\x00\ud800", "red\ufffd?"),
     ("x" * 5000, "x" * 4000)],
)  # fmt: skip
def test_a_message_is_text_that_can_be_stored(calls: Calls, given: object, message: str) -> None:
    assert said(calls, message=given).message == message


@pytest.mark.parametrize("state", ["Failed", "", None, 7, ["failed"], {"failed": 1}])
def test_a_state_is_a_word_of_the_contract(calls: Calls, state: object) -> None:
    with pytest.raises(ServiceError, match="is none of pending"):
        said(calls, state=state)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"state": "fai', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_object_is_an_error(calls: Calls, body: bytes) -> None:
    calls.body = body
    with pytest.raises(ServiceError, match="no JSON object"):
        jobs().ask()


def test_of_an_object_that_was_cut_nothing_is_believed(calls: Calls) -> None:
    calls.cut = True
    with pytest.raises(ServiceError, match="no JSON object"):
        said(calls)


LOG = LogSummary(3, b"", None, "", "log", "log")
FAILED, STOPPED = Status(JobState.FAILED, 3), Status(JobState.STOPPED)
CANCEL, TIME = StopOrder(Command.CANCEL), StopOrder()


@pytest.mark.parametrize(
    ("status", "order", "exit_code", "signal", "timed_out", "command"),
    [
        (Status(JobState.SUCCEEDED), None, 0, None, False, None),
        (Status(JobState.SUCCEEDED, 0), CANCEL, 0, None, False, None),
        (Status(JobState.SUCCEEDED, 0), TIME, 0, None, False, None),
        (FAILED, None, 3, None, False, None),
        (Status(JobState.FAILED, 0), None, None, None, False, None),
        (Status(JobState.FAILED, -9), None, None, 9, False, None),
        (Status(JobState.FAILED, -64), None, None, 64, False, None),
        (Status(JobState.FAILED, -65), None, -65, None, False, None),
        (STOPPED, CANCEL, None, None, False, Command.CANCEL),
        (STOPPED, TIME, None, None, True, None),
        (FAILED, CANCEL, 3, None, False, Command.CANCEL),
    ],
)  # fmt: skip
def test_how_a_job_ended_is_how_its_attempt_ended(
    status: Status, order: StopOrder | None, exit_code: int | None, signal: int | None, timed_out: bool,
    command: Command | None,
) -> None:  # fmt: skip
    ended = ended_of(status, order, 1.0, LOG, Report())
    found = (ended.exit_code, ended.signal, ended.timed_out, ended.command)
    assert found == (exit_code, signal, timed_out, command)


@pytest.mark.parametrize(
    ("status", "order", "log", "words"),
    [
        (FAILED, None, LOG, ""),
        (Status(JobState.FAILED, None, "no such image"), None, LOG, "no such image"),
        (Status(JobState.FAILED), None, LOG, ""),
        (
            Status(JobState.FAILED),
            None,
            NOTHING,
            "its service says that it failed, and nothing else",
        ),
        (Status(JobState.FAILED, 3), None, NOTHING, ""),
        (STOPPED, None, LOG, "its job was stopped at the service, and not by this drain"),
        (STOPPED, CANCEL, LOG, ""),
        (Status(JobState.SUCCEEDED, 0, "well done"), None, LOG, ""),
    ],
)
def test_why_a_job_failed_is_said_where_its_service_knows_more_than_its_log(
    status: Status, order: StopOrder | None, log: LogSummary, words: str
) -> None:
    assert said_of(status, order, log).reason == words
