"""Jobs of a Ray cluster, by the REST API of its dashboard (Ray 2.x, "Ray Jobs REST API")."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from drain.engine.executions.remote.http import HttpJobs, exit_code_of, state_of, text
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    Request,
    ServiceError,
    Status,
    UnknownJobError,
)
from drain.policy.remote import JOB_ID, Remote

LOG_LIMIT = 16 * 1024 * 1024
"""Bytes of a log, as JSON, that are read: Ray hands it out as a whole."""
_LONGEST_ESCAPE = 16
"""More bytes than one character takes in JSON."""


class RayJobs(HttpJobs):
    """The job of one attempt as a submission to Ray."""

    def _addresses(self, remote: Remote) -> tuple[str, str, str, str]:
        jobs = f"{remote.url.rstrip('/')}/api/jobs"
        return f"{jobs}/", f"{jobs}/{JOB_ID}", f"{jobs}/{JOB_ID}/stop", f"{jobs}/{JOB_ID}/logs"

    def _body(self, request: Request) -> dict[str, Any]:
        """Ray gives the entrypoint to a shell: each argument is quoted, so that it stays one."""
        return {
            "submission_id": request.job_id,
            "entrypoint": shlex.join(request.argv),
            "runtime_env": {"env_vars": dict(request.env)},
            "metadata": {
                "run_id": request.run_id,
                "phase_id": request.phase_id,
                "attempt": str(request.attempt),
            },
        }

    def _status(self, said: Mapping[str, Any]) -> Status:
        state = state_of(str(said.get("status")).lower())
        code = exit_code_of(said.get("driver_exit_code"))
        # With an exit code the command itself has failed: why stands in its log.
        message = text(said.get("message")) if state is JobState.FAILED and code is None else ""
        return Status(state, code, message)

    def read_log(self, offset: int) -> LogPart:
        """Return what is new in the log. Raises UnreachableError and ServiceError."""
        try:
            answer = self._known("GET", self._log, {}, LOG_LIMIT)
        except UnknownJobError:
            return LogPart(b"", more=False)
        logs = _logs(answer.body, cut=answer.cut)
        return LogPart(logs.encode(errors="replace")[offset:], more=answer.cut)


def _logs(body: bytes, *, cut: bool) -> str:
    """The log in an answer; of one that was cut, what there is of it. Raises ServiceError."""
    for missing in range(_LONGEST_ESCAPE if cut else 1):
        try:
            found = json.loads(body[: len(body) - missing] + b'"}' if cut else body)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("logs"), str):
            return str(found["logs"])
    raise ServiceError("its log is no JSON object of Ray's")
