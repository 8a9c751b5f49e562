"""`manage.py up`: what it runs for a role, and what it refuses with a sentence."""

from __future__ import annotations

import socket

import pytest
from django.core.management.base import CommandError

from drain.management.commands.up import announcement, children


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("all", ["web", "drain", "maintenance"]),
        ("web", ["web"]),
        ("worker", ["drain", "maintenance"]),
    ],
)
def test_a_role_has_its_programs(role, names):
    specs = children(role=role, host="127.0.0.1", port=free_port(), workers=3)
    assert [spec.name for spec in specs] == names


def test_the_number_of_workers_is_that_of_the_drain_cluster_alone():
    specs = {
        spec.name: spec for spec in children(role="worker", host="127.0.0.1", port=1, workers=3)
    }
    assert specs["drain"].env["DRAIN_WORKERS"] == "3"
    assert {spec.env["Q_CLUSTER_NAME"] for spec in specs.values()} == {"drain", "maintenance"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"role": "king"}, "Role 'king' does not exist"),
        ({"port": 0}, "Port 0 does not exist"),
        ({"port": 65_536}, "Port 65536 does not exist"),
        ({"host": "no such host"}, "Host 'no such host' has no address"),
        ({"workers": 0}, "0 workers are not possible"),
    ],
)
def test_a_value_that_cannot_be_is_refused(changes, sentence):
    wanted = {"role": "all", "host": "127.0.0.1", "port": free_port(), "workers": 2}
    with pytest.raises(CommandError, match=sentence):
        children(**{**wanted, **changes})


def test_a_port_in_use_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            children(role="web", host="127.0.0.1", port=port, workers=1)


def test_the_first_line_says_where_the_site_is():
    assert announcement("all", "::1", 8000) == "Serving http://[::1]:8000/ - Ctrl-C stops."
    assert announcement("worker", "127.0.0.1", 8000) == "Working; Ctrl-C stops."
