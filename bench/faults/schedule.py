"""One schedule: a backlog, a drain, faults at random moments, and what holds afterwards;
all of it from a seed.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from bench.faults.inject import FAULTS
from bench.faults.invariants import leftovers, settle, unanswered, violations
from bench.faults.site import SCRIPT, NotStartedError, Site
from drainsite.postgres import PostgresError

MODES = ("ok",) * 6 + (
    *("fail", "retry", "fork", "session", "wipe", "stubborn", "flood", "close", "states"),
)
_ATTEMPT = "SELECT 1 FROM drain_attempt LIMIT 1"
_PAUSED = "SELECT 1 FROM drain_drainsession WHERE state IN ('paused', 'interrupted')"
SECONDS = (0.0, 0.1, 0.5, 1.0, 3.0)


@dataclass
class Outcome:
    """The results of schedules."""

    schedules: int = 0
    attempts: int = 0
    injected: dict[str, int] = field(default_factory=dict)
    violated: dict[str, int] = field(default_factory=dict)
    """Schedules with a violation, for each fault that was in them."""
    violations: list[str] = field(default_factory=list)
    planted: int = 0
    """Schedules whose planted violation was found."""

    def add(self, other: Outcome) -> None:
        """Add what another came to."""
        self.schedules += other.schedules
        self.attempts += other.attempts
        self.planted += other.planted
        self.injected = dict(Counter(self.injected) + Counter(other.injected))
        self.violated = dict(Counter(self.violated) + Counter(other.violated))
        self.violations += other.violations

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def line(self) -> str:
        """Return one line about one schedule."""
        faults = ", ".join(self.injected) or "no fault"
        return f"{self.attempts} attempts, {faults}: {len(self.violations)} violations"

    def table(self) -> str:
        """Return fault x injected x violations."""
        lines = [f"{'fault':<20} {'injected':>8} {'violations':>10}"]
        lines += [
            f"{name:<20} {self.injected.get(name, 0):>8} {self.violated.get(name, 0):>10}"
            for name in FAULTS
        ]
        lines.append(
            f"{self.schedules} schedules, {self.attempts} attempts, {len(self.violations)} violations"
        )
        return "\n".join(lines)


def run_schedule(
    site: Site, seed: int, faults: int, lease: float, *, plant: bool = False
) -> Outcome:
    """Run the schedule of a seed on a site of its own."""
    dice = random.Random(seed)
    outcome = Outcome(schedules=1)
    site.prepare(str(seed), backlog(dice))
    site.start()
    limits = (
        "--batch-size",
        "1000",
        "--max-attempts-per-phase",
        "4",
        "--max-fingerprint-repeats",
        "1000",
    )
    site.manage("drain", "--detach", "--parallel", str(dice.randint(2, 8)), *limits)
    # Harm that comes before anything runs harms nothing.
    site.until(lambda: bool(site.rows(_ATTEMPT)), 90, "nothing was started")
    if plant:
        intrude(site)
    found = inject(site, dice, faults, lease, outcome)
    # Somebody who paused it may have been away when it should have been resumed.
    if site.rows(_PAUSED):
        site.manage("session", "resume", "latest", check=False)
    found += settle(site, 90 + 3 * lease)
    found += violations(site)
    found += unanswered(site)
    outcome.attempts = site.rows("SELECT count(*) FROM drain_attempt")[0][0]
    found += leftovers(site, site.stop())
    planted = [each for each in found if "99" in each.split()]
    outcome.planted = int(bool(planted))
    outcome.violations = [f"seed {seed}: {each}" for each in found]
    outcome.violated = dict.fromkeys(outcome.injected, 1) if found else {}
    return outcome


def backlog(dice: random.Random) -> list[dict[str, object]]:
    """Return failed phases of a few runs, some of which go in order."""
    places = [
        (run, index) for run in range(dice.randint(4, 8)) for index in range(dice.randint(2, 5))
    ]
    return [
        {
            "run_id": f"run{run}",
            "phase_id": f"p{index}",
            "phase_index": index,
            "state": "FAILED",
            "params": {"mode": dice.choice(MODES), "seconds": str(dice.choice(SECONDS))},
        }
        for run, index in places
    ]


def inject(
    site: Site, dice: random.Random, faults: int, lease: float, outcome: Outcome
) -> list[str]:
    """Do harm so many times, at random moments, and start what is then down;
    returns after which of it `up` did not start.

    A fault on top of a fault may find nobody to harm, or no database to ask for them.
    """
    found = []
    for _ in range(faults):
        time.sleep(dice.uniform(0.2, 2.0))
        name = dice.choice(list(FAULTS))
        try:
            harmed = FAULTS[name](site, dice, lease)
        except (psycopg.Error, PostgresError) as error:
            print(f"  {name} found no site to harm: {error}")
            continue
        except NotStartedError as error:
            found.append(f"after {name}: {error}")
            harmed = True
        if harmed:
            outcome.injected[name] = outcome.injected.get(name, 0) + 1
    try:
        site.start()
    except NotStartedError as error:
        found.append(f"at the end: {error}")
    return found


def intrude(site: Site) -> None:
    """Run a phase that nobody has started in the books."""
    env = {**site.env, "OUT": str(site.out), "DRAIN_RUN_ID": "run0", "DRAIN_PHASE_ID": "p0"}
    env |= {"DRAIN_ATTEMPT": "99", "DRAIN_REPORT": "/dev/null"}
    subprocess.run(["/bin/sh", str(SCRIPT), "ok", "0"], env=env, check=False)
