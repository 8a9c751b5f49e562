"""A drain of one at a time, by real workers and for many leases: never two at once, however many are free."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drain.models import Attempt, Phase
from tests.engine.conftest import Backlog
from tests.hosts import Host, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.verify]

PHASES = 150
LEASE = 2
# The kernel lets the lock go with the last process that holds it, so it tells what really ran at once.
SCRIPT = """
exec 9>"$OUT/lock"
flock -n 9 || { echo two >> "$OUT/marks"; exit 1; }
echo one >> "$OUT/marks"
sleep 0.4
"""


@pytest.fixture
def workers(tmp_path: Path, backlog: Backlog) -> Iterator[Host]:
    """A host with three workers whose leases are short."""
    up = ("up", "--role", "worker", "--workers", "3")
    host = Host(*up, folder=tmp_path / "data", DRAIN_LEASE_SECONDS=str(LEASE), DRAIN_SLOTS="24")
    until(lambda: len(host.workers()) >= 3, 120, host)
    yield host
    host.end()
    host.clear()


@pytest.mark.timeout(900)
def test_a_minute_of_short_phases_one_at_a_time_never_has_two_at_once(
    workers: Host, backlog: Backlog
) -> None:
    backlog.executor(SCRIPT)
    for number in range(PHASES // 10):
        backlog.run(f"r{number}", 10, max_parallel=10)
    drain = Host(
        "drain", "--parallel", "1", "--batch-size", "1000", "--json",
        folder=backlog.folder / "data", DRAIN_LEASE_SECONDS=str(LEASE),
    )  # fmt: skip
    try:
        assert drain.ended(600) == 0, drain.output + workers.output
    finally:
        drain.clear()
    assert set(backlog.marks()) == {"one"}
    assert len(backlog.marks()) == PHASES
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"complete"}
    assert not Phase.objects.exclude(state="COMPLETE").exists()
