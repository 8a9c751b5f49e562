"""Answers of Ray, as a 2.60 cluster wrote them, in an execution's words; test_ray.py asks a real one."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from drain.engine.executions.remote.call import Answer
from drain.engine.executions.remote.ray import RayJobs, _logs
from drain.engine.executions.remote.service import JobState, LogPart, Request, ServiceError, Status
from drain.policy.remote import Kind, Remote

FAILED: dict[str, Any] = {
    "type": "SUBMISSION", "job_id": None, "submission_id": "drainsite-a1", "driver_info": None,
    "status": "FAILED", "entrypoint": "exit 3", "message": "Job entrypoint command failed with exit code 3",
    "error_type": "JOB_ENTRYPOINT_COMMAND_ERROR", "start_time": 1796026296386, "end_time": 1796026300700,
    "metadata": {}, "runtime_env": {}, "driver_agent_http_address": "http://192.0.2.2:52365",
    "driver_node_id": "8cce258d", "driver_exit_code": 3,
}  # fmt: skip


REQUEST = Request("drainsite-a1", "r", "p", 0, 1, {}, 60.0, ("true",))


@pytest.fixture
def jobs() -> RayJobs:
    return RayJobs(Remote(Kind.RAY, "http://head:8265/"), REQUEST, {})


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status(JobState.FAILED, 3, "")),
        ({"driver_exit_code": None, "message": "no such image"}, Status(JobState.FAILED, None, "no such image")),
        ({"status": "SUCCEEDED", "driver_exit_code": 0}, Status(JobState.SUCCEEDED, 0, "")),
        ({"status": "STOPPED", "driver_exit_code": None}, Status(JobState.STOPPED, None, "")),
        ({"status": "PENDING", "driver_exit_code": None}, Status(JobState.PENDING, None, "")),
        ({"status": "RUNNING", "driver_exit_code": None}, Status(JobState.RUNNING, None, "")),
    ],
)  # fmt: skip
def test_a_state_of_ray_is_one_of_the_contract(
    jobs: RayJobs, changes: dict[str, Any], status: Status
) -> None:
    assert jobs._status({**FAILED, **changes}) == status


def test_a_word_that_ray_does_not_have_is_an_error(jobs: RayJobs) -> None:
    with pytest.raises(ServiceError, match="is none of"):
        jobs._status({**FAILED, "status": None})


def test_each_argument_stays_one_in_the_shell_of_ray(jobs: RayJobs) -> None:
    argv = ("sh", "-c", 'echo "$1"', "sh", "it's; $(id) `id`\n")
    body = jobs._body(Request("j", "r", "p", 0, 1, {}, 60.0, argv, {"A": "1"}))
    assert tuple(shlex.split(body["entrypoint"])) == argv
    assert body["runtime_env"] == {"env_vars": {"A": "1"}}


@pytest.mark.parametrize("cut", range(1, 40))
def test_of_a_log_that_was_cut_there_is_what_was_sent(cut: int) -> None:
    text = 'line\n"quoted" \\ back 😀😀 é\n'
    body = json.dumps({"logs": text}).encode()[:-2]
    found = _logs(body[:-cut], cut=True)
    assert text.startswith(found[:-1]), "the last may be half of a character"
    assert len(found) >= len(text) - cut - 1


def test_a_log_that_is_none_is_an_error() -> None:
    for body in (b"[]", b'{"logs": 7}', b"<html>"):
        with pytest.raises(ServiceError):
            _logs(body, cut=False)


def test_a_job_that_ray_has_forgotten_has_no_log_and_is_no_trouble(
    jobs: RayJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_asked", lambda *_, **__: Answer(404, b"", cut=False, rest=False))
    assert jobs.read_log(0) == LogPart(b"", more=False)
