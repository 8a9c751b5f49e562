"""Failed task instances of Airflow with why they failed, and what became of those that were known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from drain.engine.errors import EngineError
from drain.engine.executions.remote.airflow_api import LOG_LIMIT, address_of, api_of, failure_of
from drain.engine.executions.remote.call import Call
from drain.engine.executions.remote.service import ServiceError
from drain.engine.process.environment import header_values
from drain.engine.process.errors import ChildError
from drain.models import ExecutorProfile, Phase
from drain.models.vocabulary import PhaseState
from drain.policy.remote import Kind

PAGE = 100
"""Task instances an answer has at most, as Airflow is delivered."""
_ANSWER_LIMIT = 64 * 1024 * 1024
_MOST_AT_ONCE = 4
_FAILED = "state=failed&state=upstream_failed"
Instance = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AirflowSite:
    """The web server of an executor."""

    api: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, name: str, environ: Mapping[str, str]) -> AirflowSite:
        """The site of an executor. Raises EngineError when it has none, or this shell lacks its headers."""
        executor = ExecutorProfile.objects.filter(name=name).first()
        if executor is None or executor.kind != Kind.AIRFLOW:
            raise EngineError(
                f"{name[:60]!r} is no executor of kind airflow: "
                "`manage.py executor set NAME --kind airflow --url ADDRESS` makes one."
            )
        try:
            return cls(api_of(executor.url), header_values(executor.headers_from, environ))
        except ChildError as error:
            raise EngineError(str(error)) from error

    def changed(
        self, dags: Sequence[str], known: Mapping[tuple[str, str], set[Key]]
    ) -> Iterator[Instance]:
        """Every failed task instance, with `error`, and those `known` to be unsettled that have moved since. Raises EngineError."""
        seen: set[Key] = set()
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            for dag in dags or ("~",):
                for page in self._pages(
                    f"dags/{quote(dag, safe='~')}/dagRuns/~/taskInstances?{_FAILED}"
                ):
                    seen.update(map(key_of, page))
                    for one, error in zip(page, pool.map(self._failure, page), strict=True):
                        yield {**one, "error": error}
        for (dag, run), keys in known.items():
            if keys <= seen:
                continue
            path = f"dags/{quote(dag, safe='')}/dagRuns/{quote(run, safe='')}/taskInstances?"
            for page in self._pages(path):
                yield from (one for one in page if key_of(one) in keys - seen)

    def _pages(self, path: str) -> Iterator[list[Instance]]:
        offset = 0
        while page := self._page(f"{path}&limit={PAGE}&offset={offset}&order_by=id"):
            yield page
            offset += len(page)

    def _page(self, path: str) -> list[Instance]:
        found = self._get(f"{self.api}/{path}", _ANSWER_LIMIT)
        try:
            page: list[Instance] = json.loads(found or b"{}").get("task_instances", [])
            for one in page:
                key_of(one)
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
            raise EngineError(f"What {self.api} answered is no list of task instances.") from None
        return page

    def _failure(self, one: Instance) -> str:
        """Why it failed, of its log; empty when it never ran or its log is not there any more."""
        if one.get("state") != "failed" or not one.get("try_number"):
            return ""
        address = address_of(self.api, one["dag_id"], one["dag_run_id"], one["task_id"])
        which = f"full_content=true&map_index={one.get('map_index', -1)}"
        log = self._get(f"{address}/logs/{one['try_number']}?{which}", LOG_LIMIT)
        try:
            return failure_of(log) if log else ""
        except ServiceError:
            return ""

    def _get(self, url: str, limit: int) -> bytes | None:
        """The body of an answer; None for 404. Raises EngineError."""
        headers = {"Accept": "application/json", **self.headers}
        try:
            answer = Call("GET", url, headers).answer(limit)
        except ServiceError as error:
            raise EngineError(f"Airflow at {self.api}: {error}.") from error
        if answer.status == 404:
            return None
        if answer.status in (401, 403):
            raise EngineError(
                f"Airflow at {self.api} refuses the header of this executor (HTTP {answer.status})."
            )
        if answer.status != 200:
            raise EngineError(f"Airflow at {self.api} answered HTTP {answer.status}.")
        return answer.body


Key = tuple[str, str, str, int]
"""DAG, run, task and index."""


def key_of(one: Mapping[str, Any]) -> Key:
    """What names a task instance."""
    index = one.get("map_index")
    return one["dag_id"], one["dag_run_id"], one["task_id"], index if isinstance(index, int) else -1


def unsettled(source: str) -> dict[tuple[str, str], set[Key]]:
    """The task instances of a source that are neither complete nor skipped here, by DAG and run."""
    found: dict[tuple[str, str], set[Key]] = {}
    over = (PhaseState.COMPLETE, PhaseState.SKIPPED)
    phases = Phase.objects.filter(run__source__name=source).exclude(state__in=over)
    for params in phases.values_list("params", flat=True).iterator():
        if isinstance(params, dict) and {"dag_id", "dag_run_id", "task_id"} <= params.keys():
            key = key_of(params)
            found.setdefault(key[:2], set()).add(key)
    return found
