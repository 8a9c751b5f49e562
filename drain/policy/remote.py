"""Services that run phases of an executor elsewhere: their addresses and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self
from urllib.parse import urlsplit
from uuid import UUID

JOB_ID = "{submission_id}"
"""In an address: the id of the job."""
MOST_CHARACTERS = 2000
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[!-~]+")
_OURS = frozenset(
    {
        *("host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade"),
        *("expect", "range", "accept-encoding", "idempotency-key", "te", "trailer"),
    }
)


def job_id(lease: UUID) -> str:
    """Return the id under which the job of an attempt is submitted: the same, however often and by whom."""
    return f"drainsite-{lease.hex}"


def signature(job: str, tries: int) -> str:
    """The line by which the attempt of a job signs what it clears, in the note of a task instance of Airflow."""
    return f"{job} cleared after try {tries}"


_SIGNATURE = re.compile(r"drainsite-[0-9a-f]{32} cleared after try [0-9]+")


def unsigned(note: object) -> list[str]:
    """The lines of a note that people wrote."""
    return [line for line in str(note or "").splitlines() if not _SIGNATURE.fullmatch(line)]


class Kind(StrEnum):
    """The way in which an executor runs phases."""

    LOCAL = "local"
    """As processes of the worker's host."""
    HTTP = "http"
    """As jobs of a service that speaks the contract of docs/executors.md."""
    RAY = "ray"
    """As jobs of a Ray cluster, by its REST API."""
    AIRFLOW = "airflow"
    """As task instances of Airflow that are cleared, by its REST API."""


_ONE_ADDRESS = {Kind.RAY: "the cluster's dashboard", Kind.AIRFLOW: "Airflow's web server"}


@dataclass(frozen=True, slots=True)
class Remote:
    """The service that runs the phases of an executor."""

    kind: str
    url: str
    """Of kind http: where a job is started; of kind ray:
    the cluster's dashboard; of kind airflow: its web server.
    """
    poll_url: str = ""
    cancel_url: str = ""
    log_url: str = ""
    """The addresses at which a job is asked for, cancelled, and its log read;
    for kind http, empty ones follow from `url`, but the log's, without which there is none.
    """
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header → the variable of the worker's environment that has its value."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the service that an attempt was given to; `problem` says what makes no sense of it."""
        names = ("kind", "url", "poll_url", "cancel_url", "log_url")
        headers = stored.get("headers")
        return cls(
            **{name: str(stored.get(name) or "") for name in names},
            headers=headers if isinstance(headers, dict) else {},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the settings that find its jobs again, without the value of any header."""
        return {**asdict(self), "headers": dict(self.headers)}

    @property
    def place(self) -> str:
        """The service as sentences name it: without path and query."""
        if _wrong(self.url):
            return "(no address)"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def problem(self) -> str:
        """Return the reason why no host could use it, as a sentence; empty if one might."""
        addresses = {
            "--url": self.url,
            "--poll-url": self.poll_url,
            "--cancel-url": self.cancel_url,
            "--log-url": self.log_url,
        }
        if self.kind in _ONE_ADDRESS and any(list(addresses.values())[1:]):
            return f"An executor of kind {self.kind} has one address, --url: that of {_ONE_ADDRESS[Kind(self.kind)]}."
        if not self.url:
            return f"An executor of kind {self.kind} needs --url, the address of its service."
        for option, url in addresses.items():
            wrong = _wrong(url) if url else ""
            if wrong:
                return f"{option} {wrong}: {url[:80]!r}."
        for option, url in list(addresses.items())[1:]:
            if url and JOB_ID not in url:
                return f"{option} must name the job: put {JOB_ID} into it."
        return self._wrong_header()

    def _wrong_header(self) -> str:
        for name, variable in self.headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in _OURS:
                return f"{name[:60]!r} cannot be a header of an executor."
            if not _VARIABLE.fullmatch(variable):
                return f"--header-from takes HEADER=VARIABLE, and {variable[:60]!r} is no name of a variable."
        return ""


class Addressed(Protocol):
    """An executor as it is stored or given."""

    @property
    def kind(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def poll_url(self) -> str: ...
    @property
    def cancel_url(self) -> str: ...
    @property
    def log_url(self) -> str: ...
    @property
    def headers_from(self) -> Mapping[str, str]: ...


def remote_of(executor: Addressed) -> Remote | None:
    """Return the service of an executor; None for one whose phases are processes.
    Raises ValueError for no kind.
    """
    if Kind(executor.kind) is Kind.LOCAL:
        return None
    return Remote(
        kind=executor.kind,
        url=executor.url,
        poll_url=executor.poll_url,
        cancel_url=executor.cancel_url,
        log_url=executor.log_url,
        headers=dict(executor.headers_from),
    )


def _wrong(url: str) -> str:
    """Return the fault of an address; empty if there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if len(url) > MOST_CHARACTERS or not _PLAIN.fullmatch(url):
        return "has characters that belong to no address, or too many"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "takes an address like https://jobs.example/api/jobs, not"
    if "@" in parts.netloc:
        return "would show its password to everybody; give a header with --header-from instead"
    if parts.fragment:
        return "has a fragment (#), which is never sent"
    return ""
