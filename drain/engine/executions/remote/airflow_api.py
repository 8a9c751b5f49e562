"""Addresses and logs of Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from drain.engine.executions.remote.service import ServiceError

LOG_LIMIT = 16 * 1024 * 1024
"""Bytes of a log, as Airflow packs it, that are read: it hands it out as a whole."""
_LAST_LINES = 40


def api_of(url: str) -> str:
    """The API of a web server: `/api/v2` below it, unless the address names a version."""
    base = url.rstrip("/")
    return base if base.endswith(("/api/v1", "/api/v2")) else f"{base}/api/v2"


def address_of(api: str, dag: str, run: str, task: str) -> str:
    """Return the address of a task instance; a mapped one has its index behind it."""
    part = [quote(name, safe="") for name in (dag, run, task)]
    return f"{api}/dags/{part[0]}/dagRuns/{part[1]}/taskInstances/{part[2]}"


def tries_of(instance: Mapping[str, Any]) -> int:
    """Return the number of tries of a task instance. Raises ServiceError for anything but a number."""
    found = instance.get("try_number")
    if found is None:
        return 0
    if not isinstance(found, int):
        raise ServiceError("the number of tries that it names is none")
    return found


def lines_of(body: bytes, *, cut: bool = False) -> str:
    """A log as a person reads it; of one that was `cut`, its whole records. Raises ServiceError."""
    whole = body[: body.rfind(b'},{"timestamp"')] + b"}]}" if cut else body
    return "".join(f"{line}\n" for record in _records(whole) for line in _lines(record))


def failure_of(body: bytes) -> str:
    """Return the error of a task from its log:
    the last one with its tracebacks, else the last lines. Raises ServiceError.
    """
    records = _records(body)
    failed = [lines for one in records if (lines := _tracebacks(one))]
    if failed:
        return "\n".join(failed[-1])
    return "\n".join([line for record in records for line in _lines(record)][-_LAST_LINES:])


def _records(body: bytes) -> list[Any]:
    try:
        content = json.loads(body)["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        content = None
    if not isinstance(content, list):
        raise ServiceError("its log is no JSON object of Airflow's")
    return content


def _lines(record: object) -> list[str]:
    if not isinstance(record, dict):
        return [str(record)]
    if str(record.get("event")).startswith("::"):
        return []
    head = " ".join(str(record[key]) for key in ("timestamp", "level", "event") if record.get(key))
    return [head, *_tracebacks(record)]


def _tracebacks(record: object) -> list[str]:
    """The tracebacks of a record as Python prints them; none of one that has none."""
    details = record.get("error_detail") if isinstance(record, dict) else None
    return [line for error in _objects(details) for line in _traceback(error)]


def _traceback(error: Mapping[str, Any]) -> list[str]:
    frames = [
        f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
        for frame in _objects(error.get("frames"))
    ]
    head = ["Traceback (most recent call last):", *frames] if frames else []
    return [*head, f"{error.get('exc_type')}: {error.get('exc_value')}"]


def _objects(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
