"""How often evidence says what is not so: backlogs with known truth, and what is said of them.

Each scenario draws backlogs of phases, tries them again before and after a fix marker, and asks at several
looks what the product would say. The truth is known, so the share of false sentences can be counted, beside
the rule that takes phases which had all failed as a side "before".

    python bench/truth.py [BACKLOGS]      (1000 by default; goal: at most 4 false sentences of 1,000)
"""

from __future__ import annotations

import math
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
django.setup()

from drain.evidence.comparison.compare import difference
from drain.evidence.comparison.figures import figures_of
from drain.evidence.comparison.pairs import pairs_of
from drain.evidence.comparison.query import Ending, MoveRead, SideRead
from drain.evidence.fixes.trials import Tried, Window, trials_of
from drain.evidence.fixes.verdict import CauseVerdict, Evidence, Others, Ruling, judge
from drain.evidence.statistics.intervals import Interval, paired, poisson_rate, wilson
from drain.evidence.statistics.sequence import Observation, Spread

LOOKS = (5, 10, 20, 30, 50, 75, 100, 150)
START = datetime(2026, 1, 1, tzinfo=UTC)
MARKER = START + timedelta(days=1)
CAUSE, PLACED, OTHER, CRASH = "cause", "cause in a place", "other", "crash"
FEW, SHARE, MANY = 3, 10, 30
"""Clean phases that ended a cause by the old rule: all of three, a tenth, at most thirty."""


@dataclass
class Backlog:
    """Attempts around a marker, as they would be read."""

    rng: random.Random
    tried: list[Tried] = field(default_factory=list)

    def retry(
        self, phase: int, run: int, key: str, fails: str, *, after: bool, planned: str = CAUSE
    ) -> None:
        """One phase that had failed by `planned` tried once: fails by `key`, completes where that is ""."""
        number = len(self.tried)
        at = (MARKER if after else START) + timedelta(seconds=number + 1)
        self.tried.append(
            Tried(phase, run, number, at, at + timedelta(seconds=30), fails, key, planned)
        )

    def one(self, phase: int, run: int, chance: float, *, after: bool) -> bool:
        """One phase that fails by the cause with its chance; whether it did."""
        failed = self.rng.random() < chance
        self.retry(
            phase, run, CAUSE if failed else "", "failed" if failed else "complete", after=after
        )
        return failed

    def group(
        self, count: int, chance: float | Callable[[int], float], *,
        after: bool, key: str = CAUSE, planned: str = CAUSE, moved: str = "", each: int = 4,
        lost: float = 0.0,
    ) -> None:  # fmt: skip
        """`count` phases, `each` of a run, each failing by `key` with its chance; others end by `moved`."""
        first = len(self.tried)
        for index in range(count):
            run = first + index // each
            share = chance if isinstance(chance, float) else chance(run)
            failed = self.rng.random() < share
            if self.rng.random() < lost:
                self.retry(first + index, run, "worker lost", "lost", after=after, planned=planned)
                continue
            name = key if failed else moved
            self.retry(
                first + index,
                run,
                name,
                "failed" if name else "complete",
                after=after,
                planned=planned,
            )


class Scenario(NamedTuple):
    """A way in which backlogs come about, and what may truly be said of the fix."""

    name: str
    draw: Callable[[Backlog], None]
    true: frozenset[str]


def _placebo(b: Backlog) -> None:
    p = b.rng.uniform(0.1, 0.7)
    b.group(30, p, after=False)
    b.group(100, p, after=True)


def _real(b: Backlog) -> None:
    b.group(20, 0.95, after=False)
    b.group(b.rng.randint(30, 60), 0.1, after=True)


def _real_few_controls(b: Backlog) -> None:
    b.group(12, 0.97, after=False, each=2)
    b.group(60, 0.1, after=True)


def _real_with_others(b: Backlog) -> None:
    _real(b)
    b.group(30, 0.9, after=False, planned=OTHER, key=OTHER)
    b.group(30, 0.9, after=True, planned=OTHER, key=OTHER)


def _half(b: Backlog) -> None:
    b.group(30, 0.95, after=False)
    b.group(100, 0.47, after=True)


def _moved(b: Backlog) -> None:
    b.group(30, 0.95, after=False)
    b.group(100, 0.0, after=True, moved=OTHER)


def _flaky(b: Backlog) -> None:
    """Every phase has its own chance, and those that fail are tried again, some of them three times."""
    chances: dict[int, float] = {}
    for index in range(120):
        chances[index] = b.rng.betavariate(2, 2)
    for _ in range(2):
        for index in b.rng.sample(range(120), 40):
            failed = b.rng.random() < chances[index]
            b.retry(
                index,
                index // 4,
                CAUSE if failed else "",
                "failed" if failed else "complete",
                after=False,
            )
    for index in range(120):
        failed = b.rng.random() < chances[index]
        b.retry(
            index,
            index // 4,
            CAUSE if failed else "",
            "failed" if failed else "complete",
            after=True,
        )


def _beside_deterministic(b: Backlog) -> None:
    p = b.rng.uniform(0.1, 0.7)
    if b.rng.random() < 0.5:
        b.group(30, p, after=False)
    b.group(100, p, after=True)
    for after in (False, True):
        b.group(30, 1.0, after=after, planned=OTHER, key=OTHER)


def _recovery(b: Backlog) -> None:
    for planned in (CAUSE, OTHER):
        count = 30 if planned == CAUSE else b.rng.randint(5, 40)
        b.group(count, 0.95, after=False, planned=planned, key=planned)
        b.group(2 * count, 0.1, after=True, planned=planned, key=planned)


def _other_source(b: Backlog) -> None:
    p = b.rng.uniform(0.3, 0.9)
    b.group(30, p, after=False)
    b.group(100, p, after=True)
    b.group(40, 0.95, after=False, planned=OTHER, key=OTHER)
    b.group(60, 0.05, after=True, planned=OTHER, key=OTHER)


def _import(b: Backlog) -> None:
    """What is imported after the marker had failed before it, and is as flaky as everything else."""
    p = b.rng.uniform(0.1, 0.7)
    b.group(30, p, after=False)
    b.group(20, p, after=True)
    b.group(100, p, after=True, each=20)


def _lost(b: Backlog) -> None:
    p = b.rng.uniform(0.5, 1.0)
    b.group(30, p, after=False, lost=0.2)
    b.group(40, p, after=True, lost=b.rng.choice((0.5, 0.95, 1.0)))


def _headline(b: Backlog) -> None:
    """Imported reasons have no traceback; what fails after the marker has one."""
    b.group(b.rng.choice((0, 20)), 1.0, after=False, key=PLACED)
    b.group(40, 1.0, after=True, key=PLACED)


def _crash(b: Backlog) -> None:
    """The child dies before it does anything: a fresh crash, whatever the cause would have done."""
    b.group(20, 0.95, after=False)
    b.group(60, 1.0, after=True, key=CRASH)


def _promising_first(b: Backlog) -> None:
    """No fix; runs differ, and a drain tries one phase of each, then the runs whose phase healed."""
    chances = [b.rng.betavariate(1, 1) for _ in range(20)]
    for run, share in enumerate(chances[:10]):
        for phase in range(4):
            b.one(1000 * run + phase, run, share, after=False)
    samples = {run: b.one(1000 * run + 10, run, chances[run], after=True) for run in range(20)}
    for run in sorted(samples, key=samples.__getitem__):
        for phase in range(11, 16):
            b.one(1000 * run + phase, run, chances[run], after=True)


def _whole_runs(b: Backlog) -> None:
    """All phases of a run heal, or none does; no fix."""
    p = b.rng.uniform(0.2, 0.8)
    heals: dict[int, float] = {}

    def chance(run: int) -> float:
        return heals.setdefault(run, float(b.rng.random() < p))

    b.group(b.rng.randint(2, 8) * 10, chance, after=False, each=10)
    b.group(b.rng.randint(2, 12) * 10, chance, after=True, each=10)


WORKS, PARTLY, NOT = (
    ruling.value for ruling in (Ruling.WORKS, Ruling.PARTLY, Ruling.DOES_NOT_WORK)
)
SEEN, RESOLVED = "not seen again", "resolved"
UNDECIDED = frozenset({Ruling.NOT_ENOUGH_DATA.value, Ruling.CANNOT_BE_TOLD.value})
SCENARIOS = (
    Scenario("real fix of 90 %, own past 20", _real, frozenset({WORKS, PARTLY})),
    Scenario("real fix of 60 phases, own past 12", _real_few_controls, frozenset({WORKS, PARTLY})),
    Scenario("real fix beside 30 others", _real_with_others, frozenset({WORKS, PARTLY})),
    Scenario("half a fix", _half, frozenset({PARTLY})),
    Scenario("failures move to another error", _moved, frozenset({PARTLY})),
    Scenario("placebo", _placebo, frozenset({NOT})),
    Scenario("flaky work, each phase its own chance", _flaky, frozenset({NOT})),
    Scenario("promising runs first", _promising_first, frozenset({NOT})),
    Scenario("flaky cause beside a deterministic one", _beside_deterministic, frozenset({NOT})),
    Scenario("general recovery at the marker", _recovery, frozenset({NOT})),
    Scenario("fix of another source", _other_source, frozenset({NOT})),
    Scenario("import in the middle", _import, frozenset({NOT})),
    Scenario("lost attempts", _lost, frozenset({NOT})),
    Scenario("reason only against traceback", _headline, frozenset({NOT})),
    Scenario("crash before a reason is written", _crash, frozenset({PARTLY})),
    Scenario("whole runs heal or fail together", _whole_runs, frozenset({NOT})),
)


def said(backlog: Backlog, count: int) -> CauseVerdict:
    """The verdict when `count` phases have ended since the marker."""
    before = [one for one in backlog.tried if one.started_at <= MARKER]
    after = [one for one in backlog.tried if one.started_at > MARKER]
    here = [one for one in after if one.planned == CAUSE]
    others = [one for one in after if one.planned != CAUSE]
    share = min(1.0, count / max(1, len(here)))
    shown = here[:count] + others[: round(len(others) * share)]
    found = trials_of(sorted(before + shown), _touches, _equal, Window(MARKER))
    evidence = Evidence(CAUSE, CAUSE, found.after.get(CAUSE, ()), found.before.get(CAUSE, ()))
    return judge(evidence, Others.of(found.before.get("", ()), found.after.get("", ())))


def _touches(key: str) -> str:
    """The headline known alone may be the one with a place."""
    return CAUSE if key in (CAUSE, PLACED) else ""


def _equal(one: str, other: str) -> bool:
    return one == other


def sentences(backlog: Backlog, true: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Everything that is said at any look, and whether it is false; "old" took what had failed as "before"."""
    after = [one for one in backlog.tried if one.started_at > MARKER and one.planned == CAUSE]
    for count in [look for look in LOOKS if look < len(after)] + [len(after)]:
        shown, verdict = after[:count], said(backlog, count)
        yield verdict.ruling.value, verdict.ruling.value not in true | UNDECIDED
        if verdict.after.n and not verdict.after.failed:
            yield SEEN, _not_absent(shown)
            if verdict.ruling is Ruling.WORKS:
                yield RESOLVED, WORKS not in true
        yield from _old(shown, len(after), true)


def _not_absent(shown: list[Tried]) -> bool:
    """Whether a phase did fail by the cause, or nothing ended that could have shown it."""
    ended = [one for one in shown if one.outcome != "lost"]
    return not ended or any(one.key in (CAUSE, PLACED) for one in ended)


def _old(shown: list[Tried], affected: int, true: frozenset[str]) -> Iterator[tuple[str, bool]]:
    healed = sum(one.outcome == "complete" for one in shown)
    gain = paired(healed, 0, len(shown))
    if gain is not None and gain.low > 0:
        yield "old better", not true & {WORKS, PARTLY}
    enough = min(affected, MANY, max(FEW, -(-affected // SHARE)))
    if not any(one.key == CAUSE for one in shown):
        yield "old gone", _not_absent(shown)
        if len(shown) >= enough:
            yield "old resolved", WORKS not in true


NAMES = (WORKS, PARTLY, NOT, RESOLVED, SEEN, "old better", "old gone", "old resolved")


def play(scenario: Scenario, backlogs: int, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """How many backlogs were told each sentence at some look, and for how many it was false."""
    told, false = Counter[str](), Counter[str]()
    for index in range(backlogs):
        backlog = Backlog(random.Random(f"{seed} {scenario.name} {index}"))
        scenario.draw(backlog)
        said_so = set(sentences(backlog, scenario.true))
        told.update({name for name, _ in said_so})
        false.update(name for name, is_false in said_so if is_false)
    return told, false


class Seen(NamedTuple):
    """One rated attempt on a side of a comparison."""

    phase: int
    run: int
    failed: bool
    events: int = 0


Sides = tuple[list[Seen], list[Seen]]


def _side(
    rng: random.Random, count: int, chance: Callable[[int], float], each: int = 4
) -> list[Seen]:
    first = rng.randrange(10**9)
    return [
        Seen(first + n, first + n // each, rng.random() < chance(first + n // each)) for n in range(count)
    ]  # fmt: skip


def _unchanged(rng: random.Random) -> Sides:
    p = rng.uniform(0.05, 0.95)
    return _side(rng, rng.randint(10, 150), lambda _: p), _side(rng, 150, lambda _: p)


def _runs_together(rng: random.Random) -> Sides:
    p = rng.uniform(0.2, 0.8)
    ends: dict[int, float] = {}

    def chance(run: int) -> float:
        return ends.setdefault(run, float(rng.random() < p))

    return _side(rng, rng.randint(2, 12) * 10, chance, 10), _side(rng, 150, chance, 10)


def _again_and_again(rng: random.Random) -> Sides:
    """Every phase has its own chance, and some are tried twenty times."""

    def side() -> list[Seen]:
        found: list[Seen] = []
        while len(found) < 150:
            phase, p = rng.randrange(10**9), rng.betavariate(0.5, 0.5)
            found += [Seen(phase, phase, rng.random() < p) for _ in range(rng.choice((1, 3, 20)))]
        return found[:150]

    return side(), side()


def _reopened(rng: random.Random) -> Sides:
    """The same phases, which had failed but for a few that their source has opened again; a flaky executor."""
    p = rng.uniform(0.1, 0.9)
    before = [Seen(n, n, n > 2) for n in range(60)]
    return before, [Seen(n, n, rng.random() < p) for n in range(60)]


def _bursts(rng: random.Random) -> Sides:
    """Events come many at once, from few attempts."""

    def burst() -> int:
        return int(rng.expovariate(1 / 50)) if rng.random() < 0.2 else 0

    before, after = _unchanged(rng)
    return [one._replace(events=burst()) for one in before], [
        one._replace(events=burst()) for one in after
    ]


def _risen(rng: random.Random) -> Sides:
    return _side(rng, 100, lambda _: 0.7), _side(rng, 150, lambda _: 0.2)


BETTER, WORSE, MORE = "better", "worse", "higher yield"
COMPARISONS: tuple[tuple[str, Callable[[random.Random], Sides], frozenset[str]], ...] = (
    ("a real rise, .3 to .8", _risen, frozenset({BETTER})),
    ("nothing changed", _unchanged, frozenset()),
    ("nothing changed; whole runs end alike", _runs_together, frozenset()),
    ("nothing changed; some tried many times", _again_and_again, frozenset()),
    ("the same phases, some opened again", _reopened, frozenset()),
    ("nothing changed; events in bursts", _bursts, frozenset()),
)


def compared(before: list[Seen], after: list[Seen]) -> Iterator[str]:
    """What a comparison says of two sides, and what it said when every attempt and event counted for itself."""
    one, two = (figures_of("", _read(side), {}) for side in (before, after))
    last = {seen.phase: seen for seen in before}
    moves = Counter((last[s.phase].failed, s.failed) for s in after if s.phase in last)
    ends = {True: "failed", False: "complete"}
    reads = [
        MoveRead(ends[was], "", ends[became], "", False, n) for (was, became), n in moves.items()
    ]
    change = difference(one, two, pairs_of(reads, {}))
    yield change.verdict
    rates = one.telemetry.per_minute, two.telemetry.per_minute
    if rates[0] is not None and rates[1] is not None and rates[1].low > rates[0].high:
        yield MORE
    plain = _newcombe((one.rate.complete, one.rate.n), (two.rate.complete, two.rate.n))
    if plain is not None and plain.excludes(0):
        yield f"old {BETTER if plain.value > 0 else WORSE}"
    raw = [poisson_rate(f.telemetry.events, f.telemetry.minutes) for f in (one, two)]
    if raw[0] is not None and raw[1] is not None and raw[1].low > raw[0].high:
        yield f"old {MORE}"


def _newcombe(before: tuple[int, int], after: tuple[int, int]) -> Interval | None:
    """Difference of two rates of independent attempts (Newcombe, Statistics in Medicine 17:873, 1998, method 10)."""
    one, two = wilson(*before), wilson(*after)
    if one is None or two is None:
        return None
    value = two.value - one.value
    low = math.hypot(two.value - two.low, one.high - one.value)
    return Interval(
        value, value - low, value + math.hypot(two.high - two.value, one.value - one.low)
    )


def _read(side: list[Seen]) -> SideRead:
    ways = Counter(("failed" if seen.failed else "complete", seen.events) for seen in side)
    endings = tuple(
        Ending(outcome, "", events, "", n, n * 60_000_000) for (outcome, events), n in ways.items()
    )
    spread = Spread.of([Observation(seen.run, seen.failed) for seen in side])
    return SideRead(endings, len({seen.phase for seen in side}), spread)


COMPARED = (BETTER, WORSE, MORE, f"old {BETTER}", f"old {WORSE}", f"old {MORE}")


def play_comparison(name: str, pairs: int, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """As `play`, for two sides: the side after is looked at as it grows."""
    told, false = Counter[str](), Counter[str]()
    draw, true = next((draw, true) for known, draw, true in COMPARISONS if known == name)
    for index in range(pairs):
        before, after = draw(random.Random(f"{seed} {name} {index}"))
        looks = [look for look in LOOKS if look < len(after)] + [len(after)]
        said_so = {word for look in looks for word in compared(before, after[:look])}
        told.update(said_so)
        false.update(word for word in said_so if word.removeprefix("old ") not in true)
    return told, false


def main() -> None:
    """Print the tables of told and false shares: of fixes, then of comparisons."""
    backlogs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{'told / false of 1,000':40}" + "".join(f"{name:>17}" for name in NAMES))
    for scenario in SCENARIOS:
        told, false = play(scenario, backlogs)
        cells = (f"{told[n] * 1000 // backlogs} / {false[n] * 1000 / backlogs:.0f}" for n in NAMES)
        print(f"{scenario.name:40}" + "".join(f"{cell:>17}" for cell in cells), flush=True)
    print(f"\n{'':40}" + "".join(f"{name:>17}" for name in COMPARED))
    for known, _, _ in COMPARISONS:
        told, false = play_comparison(known, backlogs)
        cells = (
            f"{told[n] * 1000 // backlogs} / {false[n] * 1000 / backlogs:.0f}" for n in COMPARED
        )
        print(f"{known:40}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
