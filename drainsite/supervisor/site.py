"""The children of one machine: the web server and the two task clusters."""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drainsite.health import LIVE
from drainsite.supervisor.supervisor import Child, ChildSpec

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("all", "web", "worker")
PROBE_TIMEOUT_SECONDS = 5.0
WEB_STARTS_WITHIN = 120.0
"""Seconds from the web server's start to its first answer, on a machine that is busy with something else."""


class SiteError(Exception):
    """The site cannot be started as asked; the message is one sentence."""


def check_address(host: str, port: int) -> None:
    """Refuse an address nobody can listen on, before anything is started."""
    if not 1 <= port <= 65_535:
        raise SiteError(f"Port {port} does not exist: choose one from 1 to 65535 with --port.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise SiteError(f"Host {host!r} has no address: give an own one with --host.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = error.strerror or str(error)
            raise SiteError(
                f"Cannot listen on {host} port {port} ({reason}): choose another with --port."
            ) from error


def web(host: str, port: int) -> ChildSpec:
    """The web server; healthy while it answers any request at all."""
    argv = [sys.executable, "-m", "drainsite.web", host, str(port)]
    return ChildSpec(
        "web", argv, _environment(),
        first_answer_seconds=WEB_STARTS_WITHIN, healthy=lambda _child: web_answers(host, port),
    )  # fmt: skip


def drain_cluster(workers: int, member: str, healthy: Callable[[Child], bool]) -> ChildSpec:
    """The cluster that drains, for the worker host `member`; `healthy` asks it end to end."""
    own = {"DRAIN_WORKERS": str(workers), "DRAIN_WORKER_HOST": member}
    # What is asked has waited for long enough, and one that is stuck has nothing to bring to an end.
    return replace(
        _cluster("drain", own, healthy), failures=1, probe_seconds=1.0, sick_grace_seconds=3.0
    )


def maintenance_cluster() -> ChildSpec:
    """The small cluster for imports and bulk work, which may take an hour: silence is no verdict."""
    return _cluster("maintenance", {}, lambda _child: True)


def _cluster(name: str, own: dict[str, str], healthy: Callable[[Child], bool]) -> ChildSpec:
    environment = {**_environment(), "Q_CLUSTER_NAME": name, **own}
    argv = [sys.executable, "-m", "drainsite", "qcluster"]
    return ChildSpec(name, argv, environment, grace_seconds=30.0, healthy=healthy)


def _environment() -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "drainsite.settings"),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
    }


def web_answers(host: str, port: int) -> bool:
    """Return whether the web server answers at this address of this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(reachable, port, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", LIVE)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
