"""The share of false evidence: backlogs with known truth, and the sentences about them.

Each scenario draws backlogs of phases, tries them again before and after a fix marker, and asks at several
looks what the product would say. The truth is known, so the share of false sentences can be counted, beside
the rule that takes phases which had all failed as a side "before".

    python bench/truth.py [BACKLOGS [SEED]]   (1000 and 1 by default; goal: at most 4 false sentences of 1,000)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
django.setup()
from bench.known_truth.checks import CHECKED, CHECKS, play_checks
from bench.known_truth.comparisons import COMPARED, COMPARISONS, Played, play_comparison
from bench.known_truth.fixes import NAMES, play
from bench.known_truth.guards import GUARDED, GUARDS, play_guards
from bench.known_truth.scenarios import SCENARIOS


def table(
    names: Sequence[str], columns: Sequence[str], played: Callable[[str], Played], of: int
) -> None:
    """Print one table: a line for each name, told and false of 1,000 in each column."""
    print(f"\n{'told / false of 1,000':40}" + "".join(f"{column:>17}" for column in columns))
    for name in names:
        told, false = played(name)
        cells = (f"{told[n] * 1000 // of} / {false[n] * 1000 / of:.0f}" for n in columns)
        print(f"{name:40}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


def main() -> None:
    """Print the tables of told and false shares: of fixes, of comparisons, of checks, of guards."""
    of = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    fixes = {scenario.name: scenario for scenario in SCENARIOS}
    table(list(fixes), NAMES, lambda name: play(fixes[name], of, seed), of)
    table(
        [name for name, _, _ in COMPARISONS],
        COMPARED,
        lambda name: play_comparison(name, of, seed),
        of,
    )
    table([name for name, _, _ in CHECKS], CHECKED, lambda name: play_checks(name, of, seed), of)
    table(list(GUARDS), GUARDED, lambda name: play_guards(name, of, seed), of)


if __name__ == "__main__":
    main()
