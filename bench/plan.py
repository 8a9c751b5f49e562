"""The time of planning at 10 thousand, 100 thousand and a million failed phases.

Run as `python bench/plan.py [ROWS ...]`; prints processor seconds and the peak of memory.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATEGORIES = ["unknown", "import", "deliverable", "patch", "assertion", "timeout"]
PHASES_PER_RUN = 50
SIZES = [10_000, 100_000, 1_000_000]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, metavar="ROWS", default=SIZES)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.one)
        return
    print(f"{'failed phases':>14} {'edges':>8} {'seconds':>8} {'µs/phase':>9} {'peak MB':>8}")
    for size in options.sizes:
        # A process each, because the peak of memory is the process's.
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


def measure(size: int) -> None:
    sys.path.insert(0, str(ROOT))
    from drain.policy.selection.plan import make_plan
    from drain.policy.selection.rows import PhaseRow, RunFacts, Scope
    from drain.policy.stopping.limits import Limits

    draw, runs = random.Random(1), max(1, size // PHASES_PER_RUN)
    facts = {pk: RunFacts(pk, f"run-{pk}", sequential=pk % 3 == 0) for pk in range(runs)}
    rows = [
        PhaseRow(
            n,
            n % runs,
            n // runs,
            "FAILED",
            draw.choice(CATEGORIES),
            f"key-{n % 300}",
            False,
            0,
            f"p{n}",
        )
        for n in range(size)
    ]
    edges = [(n, n - runs) for n in range(runs, size, 7)]
    started = time.process_time()
    plan = make_plan(rows, facts, edges, Scope(), Limits(batch_size=1000))
    seconds = time.process_time() - started
    if plan.total != len(plan.selected) + len(plan.excluded):
        sys.exit("The ledger does not sum.")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{size:>14,} {len(edges):>8,} {seconds:>8.2f} {seconds / size * 1e6:>9.1f} {peak:>8,}")


if __name__ == "__main__":
    main()
