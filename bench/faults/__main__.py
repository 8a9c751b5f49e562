"""`python -m bench.faults --schedules N [--seed S]`: run schedules, print fault x injected x violations.

`--sum FILE` adds what came out to what earlier pieces left there, so that many schedules can be run in
pieces. PLANT=1 in the environment plants a violation in each schedule, which must be found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

from bench.faults.schedule import Outcome, run_schedule
from bench.faults.site import Site


def main() -> int:
    """Run what was asked for; 1 if anything was violated (with PLANT=1: if a plant was not found)."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--schedules", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--faults", type=int, default=8, help="injected in each schedule")
    parser.add_argument("--lease", type=float, default=4.0)
    parser.add_argument("--sum", type=Path, help="add to what this file holds")
    asked = parser.parse_args()
    plant = os.environ.get("PLANT") == "1"
    total = Outcome()
    if asked.sum and asked.sum.exists():
        total = Outcome(**json.loads(asked.sum.read_text()))
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        for seed in range(asked.seed, asked.seed + asked.schedules):
            site = Site(Path(folder) / str(seed), asked.lease)
            try:
                found = run_schedule(site, seed, asked.faults, asked.lease, plant=plant)
            finally:
                site.close()
            print(f"seed {seed}: {found.line()}", flush=True)
            for violation in found.violations:
                print(f"  {violation}", flush=True)
            total.add(found)
            if asked.sum:
                asked.sum.write_text(json.dumps(total.as_json()))
    print(total.table())
    return int(total.planted != total.schedules) if plant else int(bool(total.violations))


if __name__ == "__main__":
    sys.exit(main())
