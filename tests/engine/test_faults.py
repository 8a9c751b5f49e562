"""A real site, broken at random: nothing is lost, nothing runs twice, every count is right.
`make faults` runs more of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults import schedule
from bench.faults.inject import up
from bench.faults.schedule import Outcome, inject, run_schedule
from bench.faults.site import Site

LEASE = 3.0
pytestmark = [pytest.mark.serial, pytest.mark.timeout(400)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, LEASE)
    yield made
    made.close()


def run(site: Site, seed: int, *, plant: bool = False) -> Outcome:
    found = run_schedule(site, seed, 4, LEASE, plant=plant)
    print(f"seed {seed}: {found.line()}")  # noqa: T201 - how to run it again
    return found


@pytest.mark.parametrize("seed", [2])
def test_a_site_that_is_broken_at_random_keeps_its_promises(site: Site, seed: int) -> None:
    found = run(site, seed)
    assert found.injected
    assert found.attempts
    assert found.violations == []


@pytest.mark.verify
@pytest.mark.parametrize("seed", [1, *range(3, 12)])
def test_ten_more_schedules(site: Site, seed: int) -> None:
    assert run(site, seed).violations == []


@pytest.mark.verify
def test_a_phase_that_nobody_has_started_is_found(site: Site) -> None:
    found = run(site, 13, plant=True)
    assert found.planted == 1


def test_an_up_that_does_not_start_again_is_a_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_short = 1.0  # a lease with which `up` refuses to start
    site = Site(tmp_path, too_short)
    monkeypatch.setattr(site, "rows", lambda *_: [])
    monkeypatch.setattr(schedule, "FAULTS", {"up": up})
    outcome = Outcome()
    found = inject(site, random.Random(1), 1, too_short, outcome)
    site.close()
    ended = "up did not start: it ended with 1"
    assert found == [f"after up: {ended}", f"at the end: {ended}"]
    assert outcome.injected == {"up": 1}
