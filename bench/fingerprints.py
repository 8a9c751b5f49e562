"""Accuracy and speed of the fingerprints, beside Drain3 and a plain normaliser, in one run.

    python bench/fingerprints.py [--fast]

Reads the labelled sets of the folder that DRAINSITE_BENCH_DATA names (default ../shared/data beside
the project). Needs the ``bench`` extra for Drain3. Times are CPU seconds of one core, the best of
three rounds; every method reads the same texts in the same order.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fingerprints_baselines import METHODS, Method
from bench.fingerprints_sentry import sentry_table
from bench.fingerprints_texts import HOSTILE, tracebacks
from drain.fingerprints import VERSION, fingerprint

Row = dict[str, Any]


def main() -> int:
    """Print the tables; 1 when the data is not there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fast", action="store_true", help="fewer texts, for a quick look")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("DRAINSITE_BENCH_DATA", ROOT.parent / "shared" / "data"))
    folder = folder if (folder / "failures.jsonl").exists() else folder / "fingerprints"
    print(f"fingerprints version {VERSION}, Python {sys.version.split()[0]}")
    found = (folder / "failures.jsonl").exists()
    if found:
        accuracy_tables(folder)
        sentry_table(folder / "sentry_param_cases.json")
    else:
        print(
            f"\nNo data in {folder}: the accuracy tables need it. Set DRAINSITE_BENCH_DATA to its folder."
        )
    speed_table(2_000 if arguments.fast else 10_000)
    hostile_table()
    return 0 if found else 1


def accuracy_tables(folder: Path) -> None:
    """Grouping accuracy and pair scores of every method on every set."""
    print(f"\nAccuracy ({folder})")
    print(f"{'set':<28} {'method':<32} {'GA':>6} {'P':>6} {'R':>6} {'F1':>6} {'groups':>11}")
    for name, labels, by in (
        ("failures", "group", None),
        ("failures_hard", "group", None),
        ("loghub", "group_corrected", "dataset"),
        ("loghub", "group", "dataset"),
    ):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").open(encoding="utf-8")]
        shown = f"{name} ({labels})" if by else name
        for method in METHODS:
            print(f"{shown:<28} {method.name:<32} {_scores_line(rows, labels, by, method)}")


def _scores_line(rows: list[Row], label: str, by: str | None, method: Method) -> str:
    """Scores over all rows, or their mean over the sets that ``by`` tells apart."""
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[row[by] if by else ""].append(row)
    scores = [
        score([r[label] for r in part], method.keys([r["text"] for r in part]))
        for part in parts.values()
    ]
    mean = [sum(s[i] for s in scores) / len(scores) for i in range(4)]
    groups = f"{sum(s[4] for s in scores):.0f}/{sum(s[5] for s in scores):.0f}"
    return " ".join(f"{value:6.3f}" for value in mean) + f" {groups:>11}"


def score(
    labels: Sequence[str], keys: Sequence[str]
) -> tuple[float, float, float, float, int, int]:
    """GA (logpai: share of texts whose group is exactly right), pair precision, recall, F1, groups."""
    wanted, got = defaultdict(list), defaultdict(list)
    for index, (label, key) in enumerate(zip(labels, keys, strict=True)):
        wanted[label].append(index)
        got[key].append(index)
    exact = {tuple(group) for group in wanted.values()}
    accuracy = sum(len(group) for group in got.values() if tuple(group) in exact) / len(labels)

    def pairs(sizes: Sequence[int]) -> int:
        return sum(size * (size - 1) // 2 for size in sizes)

    both = pairs(list(Counter(zip(labels, keys, strict=True)).values()))
    claimed, true = pairs([len(g) for g in got.values()]), pairs([len(g) for g in wanted.values()])
    precision = both / claimed if claimed else 1.0
    recall = both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return accuracy, precision, recall, f1, len(got), len(wanted)


def speed_table(count: int) -> None:
    """Texts a second on tracebacks of about 1 kB, none like another, fresh ones in every round."""
    rounds = [tracebacks(count, seed) for seed in range(3)]
    size = sum(map(len, rounds[0])) / count
    print(f"\nSpeed, one core, {count} different tracebacks of {size:.0f} characters on average")
    for method in METHODS:
        print(f"{method.name:<32} {count / _best_round(method, rounds):>9,.0f} texts/s")


def _best_round(method: Method, rounds: list[list[str]]) -> float:
    return min(_cpu_seconds(partial(method.keys, texts)) for texts in rounds)


def hostile_table() -> None:
    """The slowest of many texts made to be slow, and what twice the text costs."""
    print("\nHostile texts, CPU milliseconds (slowest first)")
    print(f"{'text':<44} {'0.5 MB':>8} {'1 MB':>8} {'10 MB':>8} {'1 MB / 0.5 MB':>14}")
    measured = []
    for name, make in HOSTILE.items():
        half, one = (_best_of_three(make(size)) for size in (500_000, 1_000_000))
        ten = _cpu_seconds_of(make(10_000_000))
        measured.append((one, name, half, ten))
    for one, name, half, ten in sorted(measured, reverse=True)[:10]:
        print(f"{name:<44} {half * 1e3:8.1f} {one * 1e3:8.1f} {ten * 1e3:8.1f} {one / half:14.2f}")
    slowest = max(ten for _, _, _, ten in measured)
    print(f"slowest 10 MB: {slowest * 1e3:.0f} ms")


def _best_of_three(text: str | bytes) -> float:
    return min(_cpu_seconds_of(text) for _ in range(3))


def _cpu_seconds_of(text: str | bytes) -> float:
    return _cpu_seconds(lambda: fingerprint(text))


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    random.seed(0)
    sys.exit(main())
