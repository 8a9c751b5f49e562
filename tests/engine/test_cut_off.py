"""Two hosts on one server; the link of one is cut for three leases in the middle of its phases.

Both are real: one in a network namespace, the server reached by TCP alone. It takes root to make that.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from drainsite import postgres
from drainsite.postgres.layout import layout_of
from tests.hosts import Host, redis_server, until

LEASE = 3
NEAR, FAR = "10.213.77.1", "10.213.77.2"
SPACE = "drainsite-far"
# The kernel lets the lock go with the last process that holds it, so it tells who really ran at once.
SCRIPT = """
exec 9>"$OUT/$1.lock"
flock -n 9 || { echo "overlap $1 $WHERE" >> "$OUT/journal"; exit 1; }
echo "start $1 $WHERE" >> "$OUT/journal"
sleep 4
echo "end $1 $WHERE" >> "$OUT/journal"
"""


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


@pytest.fixture
def link() -> Iterator[None]:
    """A namespace behind one link."""
    subprocess.run(["ip", "netns", "del", SPACE], check=False, capture_output=True)
    run("ip", "netns", "add", SPACE)
    try:
        run(
            "ip",
            "link",
            "add",
            "drain-near",
            "type",
            "veth",
            "peer",
            "name",
            "drain-far",
            "netns",
            SPACE,
        )
        run("ip", "addr", "add", f"{NEAR}/30", "dev", "drain-near")
        run("ip", "link", "set", "drain-near", "up")
        for argv in (
            ["addr", "add", f"{FAR}/30", "dev", "drain-far"],
            ["link", "set", "drain-far", "up"],
            ["link", "set", "lo", "up"],
        ):
            run("ip", "-n", SPACE, *argv)
        yield
    finally:
        run("ip", "netns", "del", SPACE)


@pytest.fixture
def server(link: None, tmp_path: Path) -> Iterator[str]:
    """The address of a PostgreSQL that can be reached over the link."""
    folder = tmp_path / "server"
    local = postgres.ensure_running(folder)
    inside = f"host={local.socket_dir} user={local.user} password={local.password} dbname=postgres"
    with psycopg.connect(inside, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET listen_addresses = '{NEAR}'")
    with (layout_of(folder).data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NEAR}/30 scram-sha-256\n")
    assert postgres.stop(folder)
    postgres.ensure_running(folder)
    yield f"postgresql://{local.user}:{local.password}@{NEAR}:{local.port}/{local.dbname}"
    postgres.stop(folder, force=True)


@dataclass
class Hosts:
    """Starts commands on either side of the link."""

    start: Callable[..., Host]
    out: Path
    url: str
    started: list[Host]

    def journal(self) -> list[list[str]]:
        path = self.out / "journal"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(params=["database", "redis"])
def hosts(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Iterator[Hosts]:
    started: list[Host] = []
    shared = {"DATABASE_URL": server, "DRAIN_LEASE_SECONDS": str(LEASE), "DRAIN_SLOTS": "1"}

    def start(*arguments: str, where: str = "near", wait: bool = False) -> Host:
        prefix = ["ip", "netns", "exec", SPACE] if where == "far" else []
        host = Host(*arguments, folder=tmp_path / where, prefix=prefix, WHERE=where, **shared)
        started.append(host)
        if wait:
            assert host.ended() == 0, host.output
        return host

    if request.param == "redis":
        with redis_server(tmp_path, NEAR) as (address, _):
            shared["DRAIN_BROKER_URL"] = address
            yield Hosts(start, tmp_path, server, started)
            for host in started:
                host.clear()
        return
    yield Hosts(start, tmp_path, server, started)
    for host in started:
        host.clear()


@pytest.mark.verify
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_a_host_that_is_cut_off_ends_its_phases_before_another_runs_them(hosts: Hosts) -> None:
    phases = [
        {"run_id": f"r{n}", "phase_id": f"p{n}", "phase_index": n, "state": "FAILED"}
        for n in range(6)
    ]
    backlog = hosts.out / "phases.jsonl"
    backlog.write_text("\n".join(map(json.dumps, phases)))
    up = ("up", "--role", "worker", "--workers", "1")
    hosts.start(*up, where="near")
    until(lambda: hosts_alive(hosts) == 1, 90)
    hosts.start(*up, where="far")
    until(lambda: hosts_alive(hosts) == 2, 90)
    hosts.start(
        "executor", "set", "script", "--default", "--env", f"OUT={hosts.out}", "--env-from", "WHERE",
        "--", "/bin/sh", "-c", SCRIPT, "sh", "{phase_id}", wait=True,
    )  # fmt: skip
    hosts.start("import_phases", str(backlog), wait=True)
    drain = hosts.start("drain", "--parallel", "4", "--max-attempts-per-phase", "3", "--json")
    until(lambda: ["start", "far"] in [line[::2] for line in hosts.journal()], 30, what=drain)
    time.sleep(0.5)
    run("ip", "link", "set", "drain-near", "down")
    time.sleep(3 * LEASE)
    run("ip", "link", "set", "drain-near", "up")
    assert drain.ended() == 0, "".join(host.output[-6000:] for host in hosts.started)
    result = drain.json()
    verbs = [line[0] for line in hosts.journal()]
    assert "overlap" not in verbs
    assert result["complete"] == 6
    lost = hosts.rows("SELECT count(*) FROM drain_attempt WHERE outcome = 'lost'")[0][0]
    assert verbs.count("start") - verbs.count("end") == lost
    assert lost, "nothing was cut off in the middle"
    open_now = "SELECT count(*) FROM drain_attempt WHERE finished_at IS NULL"
    assert hosts.rows(open_now) == [(0,)]
    states = hosts.rows("SELECT DISTINCT state, lease_owner FROM drain_phase")
    assert states == [("COMPLETE", None)]


def hosts_alive(hosts: Hosts) -> int:
    try:
        found = hosts.rows(
            "SELECT count(*) FROM drain_workerhost WHERE stopped_at IS NULL AND last_seen > now() - interval '15 s'"
        )
    except psycopg.errors.UndefinedTable:
        return 0
    return int(str(found[0][0]))
