"""Task instances of Airflow, by its REST API (Airflow 3, `/api/v2`):
an attempt clears one and waits for its end.

Clearing has no id of its own, so the attempt signs the note of the task instance before it clears it: with
the job's id and the number of the try that had failed. Whoever takes the attempt over reads from it whether
the task was cleared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from drain.engine.executions.remote.airflow_api import (
    LOG_LIMIT,
    address_of,
    api_of,
    lines_of,
    tries_of,
)
from drain.engine.executions.remote.http import HttpJobs, is_good, object_of, said_by, text
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    RefusedError,
    Request,
    Status,
    UnknownJobError,
)
from drain.policy.remote import Remote, signature, unsigned

NOTE_LIMIT = 1000
"""Characters that Airflow keeps of a note."""
FAILED = frozenset({"failed", "upstream_failed"})
ENDED = frozenset({"success", "failed"})
RUNNING = frozenset({"running", "deferred", "restarting"})
NEVER_RAN = {
    "upstream_failed": "Airflow: a task before it has failed, so it did not run",
    "skipped": "Airflow skipped it: nothing ran",
    "removed": "Airflow: the task is no longer in its DAG",
}


class AirflowTask(HttpJobs):
    """The task instance of one attempt. Its parameters are those that an import of Airflow's files leaves."""

    def __init__(self, remote: Remote, request: Request, headers: Mapping[str, str]) -> None:
        self._dag = str(request.params.get("dag_id", ""))
        self._run = str(request.params.get("dag_run_id", ""))
        self._task = str(request.params.get("task_id", ""))
        index = request.params.get("map_index")
        # As Airflow has it: -1 where a task is not mapped.
        self._map_index = index if isinstance(index, int) else -1
        super().__init__(remote, request, headers)

    def start(self, request: Request) -> None:
        """Clear the task instance, unless this attempt has. Raises what `_call` raises."""
        if not (self._dag and self._run and self._task):
            raise RefusedError("its parameters name no dag_id, dag_run_id and task_id of Airflow")
        try:
            found = self._found()
        except UnknownJobError:
            raise RefusedError(f"it knows no task instance {self._name}") from None
        if _is_over(found, self._signed(found)):
            return
        if found.get("state") not in FAILED:
            state = text(found.get("state")) or "not scheduled"
            raise RefusedError(f"{self._name} is {state} there, not failed: nothing was cleared")
        if self._signed(found) is None:
            self._sign(found)
        self._clear()

    def ask(self) -> Status:
        """Return how far the task is. Raises UnknownJobError (not cleared by this attempt),
        UnreachableError and ServiceError.
        """
        found = self._found()
        tried = self._signed(found)
        if tried is None or not _is_over(found, tried):
            raise UnknownJobError("it was not cleared for this attempt")
        if found.get("state") is None:
            self._reopen()
        return self._status(found)

    def cancel(self) -> None:
        """Mark it as failed, which ends it. Raises UnreachableError and ServiceError."""
        try:
            found = self._found()
        except UnknownJobError:
            return
        if self._signed(found) is not None and self._status(found).state in (
            JobState.PENDING,
            JobState.RUNNING,
        ):
            self._sent("PATCH", self._poll, {"new_state": "failed"})

    def read_log(self, offset: int) -> LogPart:
        """Return what is new in the log of the try. Raises UnreachableError and ServiceError."""
        try:
            found = self._found()
            url = f"{self._log}/{tries_of(found)}?full_content=true&map_index={self._map_index}"
            answer = self._known("GET", url, {"Accept": "application/json"}, LOG_LIMIT)
        except UnknownJobError:
            return LogPart(b"", more=False)
        return LogPart(
            lines_of(answer.body, cut=answer.cut).encode(errors="replace")[offset:], more=False
        )

    def _reopen(self) -> None:
        """Have the run scheduled again, where it ended in the moment in which its task was cleared.

        Airflow's scheduler ends a run by what it has read of its tasks before:
        one that was cleared meanwhile would wait for ever. Whoever ends a run by hand ends its tasks too.
        """
        run = object_of(self._known("GET", self._run_url, {"Accept": "application/json"}))
        if run.get("state") in ENDED:
            self._sent("PATCH", self._run_url, {"state": "queued"})

    def _addresses(self, remote: Remote) -> tuple[str, str, str, str]:
        api = api_of(remote.url)
        one = address_of(api, self._dag, self._run, self._task)
        self._run_url = one.rpartition("/taskInstances/")[0]
        mapped = one if self._map_index < 0 else f"{one}/{self._map_index}"
        return (
            f"{api}/dags/{quote(self._dag, safe='')}/clearTaskInstances",
            mapped,
            mapped,
            f"{one}/logs",
        )

    @property
    def _name(self) -> str:
        mapped = "" if self._map_index < 0 else f"[{self._map_index}]"
        return f"{self._dag}/{self._run} {self._task}{mapped}"

    def _signed(self, found: Mapping[str, Any]) -> int | None:
        """The number of the try that this attempt found failed; None if the note is not signed by it."""
        for line in str(found.get("note") or "").splitlines():
            tried = line.rpartition(" ")[2]
            if tried.isdecimal() and line == signature(self._job, int(tried)):
                return int(tried)
        return None

    def _sign(self, found: Mapping[str, Any]) -> None:
        """Signatures of earlier attempts go, everything that a person wrote stays. Raises RefusedError."""
        ours = signature(self._job, tries_of(found))
        note = "\n".join([*unsigned(found.get("note")), ours])
        if len(note) > NOTE_LIMIT:
            raise RefusedError(
                f"the note of {self._name} leaves no room for a line that says who cleared it: shorten it there"
            )
        self._sent("PATCH", self._poll, {"note": note})

    def _clear(self) -> None:
        one = self._task if self._map_index < 0 else [self._task, self._map_index]
        body = {
            "dry_run": False, "dag_run_id": self._run, "task_ids": [one], "only_failed": True,
            "reset_dag_runs": True, "include_upstream": False, "include_downstream": False,
        }  # fmt: skip
        self._sent("POST", self._start, body)

    def _sent(self, method: str, url: str, body: Mapping[str, Any]) -> None:
        given = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = self._asked(method, url, given, json.dumps(body).encode())
        if not is_good(answer):
            raise RefusedError(said_by(answer), broken=answer.status >= 500)

    def _status(self, said: Mapping[str, Any]) -> Status:
        state = str(said.get("state") or "")
        if state == "success":
            return Status(JobState.SUCCEEDED, 0)
        if state == "failed" or state in NEVER_RAN:
            return Status(JobState.FAILED, None, NEVER_RAN.get(state, ""))
        return Status(JobState.RUNNING if state in RUNNING else JobState.PENDING)


def _is_over(found: Mapping[str, Any], tried: int | None) -> bool:
    """Return whether the try that had failed is over: the task was cleared since."""
    if tried is None:
        return False
    return found.get("state") not in FAILED or tries_of(found) > tried
