"""Answers of Airflow, as 3.3.2 wrote them, in the words of an execution; test_airflow.py asks a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from drain.engine.executions.remote.airflow import AirflowTask
from drain.engine.executions.remote.airflow_api import failure_of, lines_of
from drain.engine.executions.remote.call import Answer
from drain.engine.executions.remote.service import (
    JobState,
    RefusedError,
    Request,
    ServiceError,
    Status,
    UnknownJobError,
)
from drain.policy.remote import Kind, Remote

TASK = "/dags/shop/dagRuns/night%2B1/taskInstances/load"
PARAMS = {"dag_id": "shop", "dag_run_id": "night+1", "task_id": "load", "map_index": 1}
OTHER = f"drainsite-{'b2' * 16} cleared after try 1"
LOG = {
    "content": [
        {"event": "::group::Log message source details"},
        {"timestamp": "2026-11-30T11:39:22Z", "event": "Worker startup", "level": "info"},
        {
            "timestamp": "2026-11-30T11:39:23Z",
            "event": "Task failed with exception",
            "level": "error",
            "error_detail": [
                {
                    "exc_type": "FileNotFoundError",
                    "exc_value": "config of part 2 is missing",
                    "frames": [{"filename": "/dags/shop.py", "lineno": 10, "name": "load"}],
                }
            ],
        },
        {"timestamp": "2026-11-30T11:39:24Z", "event": "Task finished", "level": "info"},
    ]
}
TRACEBACK = """Traceback (most recent call last):
  File "/dags/shop.py", line 10, in load
FileNotFoundError: config of part 2 is missing"""


class Played(AirflowTask):
    """One task instance; what is sent is kept."""

    def __init__(self, params: Mapping[str, object] = PARAMS, **instance: Any) -> None:
        request = Request("drainsite-a1", "shop/night+1", "load[1]", 0, 1, params, 60.0, ())
        super().__init__(Remote(Kind.AIRFLOW, "http://air:8080"), request, {})
        self.request = request
        self.instance = {"state": "failed", "try_number": 1, "note": None, **instance}
        self.run = "running"
        self.sent: list[tuple[str, str, Any]] = []
        self.status = 200

    def _asked(self, method: str, url: str, *others: Any, **named: Any) -> Answer:
        path = url.removeprefix("http://air:8080/api/v2")
        body: dict[str, Any] = json.loads(others[1]) if method != "GET" else {}
        if method != "GET":
            self.sent.append((method, path, body))
        if path.endswith("/dagRuns/night%2B1"):
            self.run = body.get("state", self.run)
            return Answer(
                self.status, json.dumps({"state": self.run}).encode(), cut=False, rest=False
            )
        if method == "PATCH":
            self.instance |= body
        return Answer(self.status, json.dumps(self.instance).encode(), cut=False, rest=False)


def test_a_start_signs_the_note_and_then_clears_this_task_alone() -> None:
    task = Played(note="please look\nat this")
    task.start(task.request)
    signed, cleared = task.sent
    note = "please look\nat this\ndrainsite-a1 cleared after try 1"
    assert signed == ("PATCH", f"{TASK}/1", {"note": note})
    method, path, body = cleared
    assert (method, path) == ("POST", "/dags/shop/clearTaskInstances")
    assert (body["dag_run_id"], body["task_ids"]) == ("night+1", [["load", 1]])
    assert (body["only_failed"], body["include_downstream"], body["dry_run"]) == (
        True,
        False,
        False,
    )


def test_a_task_that_is_not_mapped_has_no_index() -> None:
    task = Played({**PARAMS, "map_index": None})
    task.start(task.request)
    assert task.sent[0][1] == TASK
    assert task.sent[1][2]["task_ids"] == ["load"]


def test_a_worker_that_died_between_the_signature_and_the_clearing_is_followed_by_one_that_clears() -> (
    None
):
    task = Played(note="drainsite-a1 cleared after try 1")
    with pytest.raises(UnknownJobError):
        task.ask()
    task.start(task.request)
    assert [method for method, _, _ in task.sent] == ["POST"]


@pytest.mark.parametrize(
    ("state", "tries"), [("queued", 1), (None, 1), ("running", 2), ("failed", 2)]
)
def test_what_was_cleared_is_not_cleared_again(state: str | None, tries: int) -> None:
    task = Played(note="drainsite-a1 cleared after try 1", state=state, try_number=tries)
    task.start(task.request)
    assert task.sent == []
    assert task.ask().state in JobState


@pytest.mark.parametrize("over", ["failed", "success"])
def test_a_run_that_ended_while_its_task_was_cleared_is_scheduled_again(over: str) -> None:
    task = Played(note="drainsite-a1 cleared after try 1", state=None)
    task.run = over
    assert task.ask() == Status(JobState.PENDING)
    assert task.sent == [("PATCH", "/dags/shop/dagRuns/night%2B1", {"state": "queued"})]
    task.ask()
    assert len(task.sent) == 1


@pytest.mark.parametrize("state", ["queued", "running", "success"])
def test_a_run_is_left_alone_while_its_task_goes_on(state: str) -> None:
    task = Played(note="drainsite-a1 cleared after try 1", state=state, try_number=2)
    task.run = "failed"
    task.ask()
    assert task.sent == []


@pytest.mark.parametrize("state", ["running", "success", None, "up_for_retry", "skipped"])
def test_what_is_not_failed_there_is_refused_and_left_alone(state: str | None) -> None:
    task = Played(state=state)
    with pytest.raises(RefusedError, match="not failed: nothing was cleared"):
        task.start(task.request)
    assert task.sent == []


def test_a_task_that_another_attempt_cleared_is_unknown_to_this_one() -> None:
    with pytest.raises(UnknownJobError):
        Played(note=OTHER, state="running", try_number=2).ask()


def test_signatures_of_earlier_attempts_go() -> None:
    task = Played(note=f"{OTHER}\nmine\ndrainsite-worker was down", try_number=2)
    task.start(task.request)
    assert (
        task.instance["note"] == "mine\ndrainsite-worker was down\ndrainsite-a1 cleared after try 2"
    )


def test_a_note_that_leaves_no_room_is_kept_whole_and_nothing_is_cleared() -> None:
    task = Played(note="x" * 980)
    with pytest.raises(RefusedError, match="shorten it there"):
        task.start(task.request)
    assert task.sent == []


@pytest.mark.parametrize("tries", ["2", 1.5, [1]])
def test_a_number_of_tries_that_is_none_is_asked_for_again(tries: object) -> None:
    with pytest.raises(ServiceError, match="number of tries"):
        Played(note="drainsite-a1 cleared after try 1", try_number=tries).ask()


@pytest.mark.parametrize("gone", [{"dag_id": ""}, {"dag_run_id": ""}, {"task_id": ""}])
def test_a_phase_that_names_no_task_instance_is_refused(gone: dict[str, str]) -> None:
    task = Played({**PARAMS, **gone})
    with pytest.raises(RefusedError, match="name no dag_id"):
        task.start(task.request)


def test_a_task_instance_that_is_not_there_is_refused() -> None:
    task = Played()
    task.status = 404
    with pytest.raises(RefusedError, match=r"no task instance shop/night\+1 load\[1\]"):
        task.start(task.request)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("success", Status(JobState.SUCCEEDED, 0)),
        ("failed", Status(JobState.FAILED)),
        ("upstream_failed", Status(JobState.FAILED, None, "Airflow: a task before it has failed, so it did not run")),
        ("skipped", Status(JobState.FAILED, None, "Airflow skipped it: nothing ran")),
        ("running", Status(JobState.RUNNING)),
        ("deferred", Status(JobState.RUNNING)),
        ("up_for_retry", Status(JobState.PENDING)),
        (None, Status(JobState.PENDING)),
    ],
)  # fmt: skip
def test_a_state_of_airflow_is_one_of_the_contract(state: str | None, status: Status) -> None:
    task = Played(state=state, try_number=2, note="drainsite-a1 cleared after try 1")
    assert task.ask() == status


def test_a_cancel_touches_only_what_this_attempt_cleared() -> None:
    other = Played(note=OTHER, state="running", try_number=2)
    other.cancel()
    assert other.sent == []
    ours = Played(note="drainsite-a1 cleared after try 1", state="running", try_number=2)
    ours.cancel()
    assert ours.sent == [("PATCH", f"{TASK}/1", {"new_state": "failed"})]
    for over in ("success", "failed", "skipped"):
        ended = Played(note="drainsite-a1 cleared after try 1", state=over, try_number=2)
        ended.cancel()
        assert ended.sent == [], "what it came to stays"


def test_a_log_reads_as_in_airflow_with_its_traceback() -> None:
    lines = lines_of(json.dumps(LOG).encode())
    assert "::group::" not in lines
    assert f"Task failed with exception\n{TRACEBACK}\n" in lines


def test_why_a_task_failed_is_its_last_error_or_its_last_lines() -> None:
    assert failure_of(json.dumps(LOG).encode()) == TRACEBACK
    plain = {"content": [{"event": f"line {n}", "level": "info"} for n in range(100)]}
    assert failure_of(json.dumps(plain).encode()).splitlines()[0] == "info line 60"


def test_of_a_log_that_was_cut_there_are_its_whole_records() -> None:
    record = {"timestamp": "t", "level": "info", "event": "loaded"}
    body = json.dumps({"content": [record] * 9}, separators=(",", ":")).encode()
    for end in range(len(body) - 70, len(body)):
        assert lines_of(body[:end], cut=True).count("loaded") in (7, 8)


@pytest.mark.parametrize("detail", ["text", 7, ["text"], [{"frames": "text"}], [{"frames": [7]}]])
def test_a_record_whose_error_is_of_another_shape_is_read_as_far_as_it_goes(detail: object) -> None:
    body = json.dumps({"content": [{"event": "failed", "error_detail": detail}]}).encode()
    assert lines_of(body).startswith("failed\n")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"content": "x"}', b"<html>", b"[" * 100_000])
def test_a_log_that_is_none_is_an_error(body: bytes) -> None:
    with pytest.raises(ServiceError):
        lines_of(body)
