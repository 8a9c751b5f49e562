"""Accuracy and speed of the fingerprints, beside Drain3 and a plain normaliser, in one run.

    python bench/fingerprints.py [DATA] [--fast]

Reads the labelled sets of the folder DATA, else of the one that DRAINSITE_BENCH_DATA names (default
../shared/data beside the project). Drain3 is measured where it is installed (the extra ``bench``). Times are
CPU seconds of one core; every method reads the same texts in the same order.
"""

from __future__ import annotations

import argparse
import csv
import gc
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fingerprinting.baselines import METHODS, WITH_DRAIN3, Method
from bench.fingerprinting.breakages import breakages_table
from bench.fingerprinting.memory import memory_table
from bench.fingerprinting.score import score
from bench.fingerprinting.sentry import sentry_table
from bench.fingerprinting.texts import HOSTILE, tracebacks
from drain.fingerprints import VERSION, fingerprint

Row = dict[str, Any]


def main() -> int:
    """Print the tables; 1 when the data is not there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fast", action="store_true", help="fewer texts, for a quick look")
    parser.add_argument("data", nargs="?", type=Path, help="folder of the labelled sets")
    arguments = parser.parse_args()
    folder = arguments.data or Path(
        os.environ.get("DRAINSITE_BENCH_DATA", ROOT.parent / "shared" / "data")
    )
    folder = folder if (folder / "failures.jsonl").exists() else folder / "fingerprints"
    print(f"fingerprints version {VERSION}, Python {sys.version.split()[0]}")
    if not WITH_DRAIN3:
        print("Drain3 is not installed, so no row compares with it: pip install .[bench]")
    found = (folder / "failures.jsonl").exists()
    if found:
        accuracy_tables(folder)
        field_tables(folder / "field.jsonl")
        breakages_table(folder.parent / "breakages")
        memory_table()
        sentry_table(folder / "sentry_param_cases.json")
    else:
        print(
            f"\nNo data in {folder}: the accuracy tables need it. Set DRAINSITE_BENCH_DATA to its folder."
        )
    if found:
        mixed_speed_table(_rows(folder / "failures.jsonl"))
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
        rows = _rows(folder / f"{name}.jsonl")
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
    values = [(found.accuracy, found.precision, found.recall, found.f1) for found in scores]
    mean = [sum(column) / len(scores) for column in zip(*values, strict=True)]
    groups = f"{sum(s.groups for s in scores)}/{sum(s.wanted for s in scores)}"
    return " ".join(f"{value:6.3f}" for value in mean) + f" {groups:>11}"


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def is_even(family: str) -> bool:
    """Return whether a tool family is in the even half of the field, the only half that rules are made on."""
    return int(hashlib.blake2b(family.encode()).hexdigest(), 16) % 2 == 0


def field_tables(path: Path) -> None:
    """Scores and categories on tools nobody tuned for: of the odd families only numbers are printed."""
    if not path.exists():
        print(f"\nNo {path.name} in {path.parent}")
        return
    print(
        f"\nTools nobody tuned for\n{'families':<28} {'method':<32} {'GA':>6} {'P':>6} {'R':>6} {'F1':>6} {'groups':>11}"
    )
    rows = _rows(path)
    halves = {
        "even": [r for r in rows if is_even(r["family"])],
        "odd": [r for r in rows if not is_even(r["family"])],
    }
    for name, half in halves.items():
        for method in METHODS:
            print(f"{name:<28} {method.name:<32} {_scores_line(half, 'group', None, method)}")
        print(f"{name:<28} keys that hold texts of two families: {_shared_keys(half)}")
    for name, half in halves.items():
        other = sum(fingerprint(row["text"]).category == "other" for row in half) / len(half)
        print(f"{name:<28} category other: {other:.1%}")
    _wrong_in_even(halves["even"])
    _wrong_in_odd(halves["odd"])


def _shared_keys(rows: list[Row]) -> int:
    families = defaultdict(set)
    for row in rows:
        families[fingerprint(row["text"]).key].add(row["family"])
    return sum(len(found) > 1 for found in families.values())


def _wrong_in_even(rows: list[Row]) -> None:
    """Wrong are categories that neither of two labelling passes gave;
    the passes' disagreements are counted.
    """
    labels = {
        line["group"]: {line["first pass"], line["second pass"]} for line in _csv("categories.csv")
    }
    known = [row for row in rows if row["group"] in labels]
    wrong = Counter(
        row["group"]
        for row in known
        if fingerprint(row["text"]).category not in labels[row["group"]]
    )
    unsure = sum(len(found) > 1 for found in labels.values())
    print(
        f"{'even':<28} category wrong: {sum(wrong.values()) / len(known):.1%}",
        *wrong,
        f"(passes differ in {unsure} of {len(labels)} groups)",
    )


def _wrong_in_odd(rows: list[Row]) -> None:
    """Labels by the hash of the text, so that no word of it stands here; only shares are printed."""
    labels = {line["blake2b-128 of the text"]: line for line in _csv("categories_odd.csv")}
    known = [
        (fingerprint(row["text"]).category, labels[digest])
        for row in rows
        if (digest := hashlib.blake2b(row["text"].encode(), digest_size=16).hexdigest()) in labels
    ]
    neither = sum(found not in (line["first pass"], line["second pass"]) for found, line in known)
    undecided = sum(found != line["decided"] for found, line in known)
    unsure = sum(line["first pass"] != line["second pass"] for _, line in known)
    print(
        f"{'odd':<28} category wrong: {neither / len(known):.1%}, by the third reading"
        f" {undecided / len(known):.1%} (passes differ in {unsure} of {len(known)} texts)"
    )


def _csv(name: str) -> list[dict[str, str]]:
    with (ROOT / "bench" / "fingerprinting" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mixed_speed_table(rows: list[Row]) -> None:
    """Texts a second on mixed texts of about 1 kB, medians of five:
    the first time they are seen, and again.
    """
    texts = [row["text"] for row in rows]
    size = sum(map(len, texts)) / len(texts)
    print(
        f"\nSpeed, one core, {len(texts)} mixed texts of {size:.0f} characters on average: first, again"
    )
    # In turns, so that what else the machine does meets all alike.
    rounds = [[_first_time(method, texts) for method in METHODS] for _ in range(_ROUNDS)]
    for method, *firsts in zip(METHODS, *rounds, strict=True):
        first = median(firsts)
        again = median(_cpu_seconds(partial(method.keys, texts)) for _ in range(_ROUNDS))
        print(f"{method.name:<32} {len(texts) / first:>9,.0f} {len(texts) / again:>9,.0f} texts/s")
    nothing_known = median(_nothing_known(texts) for _ in range(_ROUNDS))
    print(
        f"{'drainsite, no line seen before':<32} {len(texts) / nothing_known:>9,.0f}           texts/s"
    )
    print("load of the machine, one and five minutes: {:.1f} {:.1f}".format(*os.getloadavg()))


_ROUNDS = 5


def _nothing_known(texts: list[str]) -> float:
    """Seconds for the texts when every cache is emptied before each of them."""
    caches = [
        each
        for each in gc.get_objects()
        if isinstance(each, type(lru_cache(len)))
        and str(each.__module__).startswith("drain.fingerprints")
    ]
    seconds = 0.0
    for text in texts:
        for cache in caches:
            cache.cache_clear()
        seconds += _cpu_seconds_of(text)
    return seconds


_FIRST_TIME = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from bench.fingerprinting.baselines import METHODS
keys = {method.name: method.keys for method in METHODS}[sys.argv[2]]
texts = json.load(sys.stdin)
keys(["imports what it needs"])
start = time.process_time()
keys(texts)
print(time.process_time() - start)
"""


def _first_time(method: Method, texts: list[str]) -> float:
    """Seconds of a process that has seen none of the texts."""
    argv = [sys.executable, "-c", _FIRST_TIME, str(ROOT), method.name]
    done = subprocess.run(argv, input=json.dumps(texts), capture_output=True, text=True, check=True)
    return float(done.stdout)


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
