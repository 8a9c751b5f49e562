"""Failed task instances of Airflow with why they failed, and what became of those that were known."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.executions.remote.airflow_api import LOG_LIMIT, address_of, api_of, failure_of
from drain.engine.executions.remote.call import Call
from drain.engine.executions.remote.service import ServiceError
from drain.engine.process.environment import header_values
from drain.engine.process.errors import ChildError
from drain.models import ExecutorProfile, Phase, Source
from drain.models.audit import Person
from drain.models.transitions.imports import MOMENT, Ours
from drain.models.vocabulary import PhaseState, SourceKind
from drain.policy.remote import Kind
from drain.sources.files.importing import import_file
from drain.sources.files.result import FileImport, Options

PAGE = 100
"""Task instances an answer has at most, as Airflow is delivered."""
_ANSWER_LIMIT = 64 * 1024 * 1024
_MOST_AT_ONCE = 4
_FAILED = "state=failed&state=upstream_failed"
Instance = dict[str, Any]
Key = tuple[str, str, str, int]
"""DAG, run, task and index."""
Known = dict[tuple[str, str], dict[Key, int]]
"""By DAG and run: how often each task instance had been tried when it was read."""


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

    def changed(self, dags: Sequence[str], known: Known) -> Iterator[Instance]:
        """Yield every failed task instance, and those `known` to be unsettled that have moved since.
        Raises EngineError.

        A failure that is not known has `error`, its reason: a log is asked for once.
        """
        seen: set[Key] = set()
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            for dag in dags or ("~",):
                path = f"dags/{quote(dag, safe='~')}/dagRuns/~/taskInstances?{_FAILED}"
                for page in self._pages(
                    path, f"it knows no DAG {dag}" if dags else "no API is there"
                ):
                    seen.update(map(key_of, page))
                    told = pool.map(lambda one: self._failure(one, known), page)
                    for one, error in zip(page, told, strict=True):
                        yield {**one, "error": error}
        for (dag, run), tries in known.items():
            left = tries.keys() - seen
            if left:
                path = f"dags/{quote(dag, safe='')}/dagRuns/{quote(run, safe='')}/taskInstances?"
                for page in self._pages(path):
                    yield from (one for one in page if key_of(one) in left)

    def _pages(self, path: str, missing: str = "") -> Iterator[list[Instance]]:
        """Pages of a list; none where it is not there, unless that is `missing`. Raises EngineError."""
        offset, total = 0, 1
        while offset < total:
            page, total = self._page(f"{path}&limit={PAGE}&offset={offset}&order_by=id", missing)
            if not page:
                return
            yield page
            offset += len(page)

    def _page(self, path: str, missing: str) -> tuple[list[Instance], int]:
        found = self._get(f"{self.api}/{path}", _ANSWER_LIMIT)
        if found is None:
            if missing:
                raise EngineError(f"Airflow at {self.api}: {missing} (HTTP 404).")
            return [], 0
        try:
            said = json.loads(found)
            page: list[Instance] = said["task_instances"]
            for one in page:
                key_of(one)
            return page, int(said["total_entries"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise EngineError(f"What {self.api} answered is no list of task instances.") from None

    def _failure(self, one: Instance, known: Known) -> str:
        """Return the reason of a failure from its log;
        empty when known, when it never ran or its log is gone.
        """
        key, tries = key_of(one), one.get("try_number")
        if one.get("state") != "failed" or not tries or known.get(key[:2], {}).get(key) == tries:
            return ""
        address = address_of(self.api, one["dag_id"], one["dag_run_id"], one["task_id"])
        which = f"full_content=true&map_index={one.get('map_index', -1)}"
        log = self._get(f"{address}/logs/{tries}?{which}", LOG_LIMIT)
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


def is_airflow(source: Source) -> bool:
    """Return whether a source is named like an executor of kind airflow, from whose web server it is read."""
    named = ExecutorProfile.objects.filter(name=source.name, kind=Kind.AIRFLOW)
    return source.kind == SourceKind.FILES and named.exists()


def import_airflow(site: AirflowSite, source: str, dags: Sequence[str], by: Person) -> FileImport:
    """Read a web server whole, then merge it. Raises EngineError or SourceError, and nothing has changed."""
    # What moves here while Airflow is asked is newer than its answer.
    ours = Ours(timezone.now() - MOMENT)
    with tempfile.TemporaryFile() as file:
        for one in site.changed(dags, unsettled(source)):
            file.write(json.dumps(one).encode() + b"\n")
        if not file.tell():
            return FileImport(source, 0, 0, 0, 0, 0, 0, 0, 0, 0, ())
        file.seek(0)
        options = Options(mapping="airflow")
        return import_file(
            file, "jsonl", timezone.now(), source, options, by=by, file="Airflow", ours=ours
        )


def key_of(one: Mapping[str, Any]) -> Key:
    """Return the key of a task instance."""
    index = one.get("map_index")
    return one["dag_id"], one["dag_run_id"], one["task_id"], index if isinstance(index, int) else -1


def unsettled(source: str) -> Known:
    """The task instances of a source that are neither complete nor skipped here."""
    found: Known = {}
    over = (PhaseState.COMPLETE, PhaseState.SKIPPED)
    phases = Phase.objects.filter(run__source__name=source).exclude(state__in=over)
    for params, tries in phases.values_list("params", "source_attempts").iterator():
        if isinstance(params, dict) and {"dag_id", "dag_run_id", "task_id"} <= params.keys():
            key = key_of(params)
            found.setdefault(key[:2], {})[key] = tries
    return found
