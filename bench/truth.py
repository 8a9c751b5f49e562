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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
django.setup()

from drain.evidence.checks.matching import Again, Found
from drain.evidence.checks.verdicts import rate_at_least, stayed_away, yield_at_least
from drain.evidence.comparison.compare import difference
from drain.evidence.comparison.figures import figures_of
from drain.evidence.comparison.pairs import pairs_of
from drain.evidence.comparison.query import Ending, MoveRead, SideRead
from drain.evidence.fixes.doubts import Done
from drain.evidence.fixes.trials import Tried, Window, trials_of
from drain.evidence.fixes.verdict import CauseVerdict, Evidence, Others, Ruling, judge
from drain.evidence.statistics.intervals import Interval, wilson
from drain.evidence.statistics.sequence import Observation, Spread
from drain.evidence.statistics.yields import Flow, yields_more
from drain.fingerprints.model import Category

LOOKS = (5, 10, 20, 30, 50, 75, 100, 150)
START = datetime(2026, 1, 1, tzinfo=UTC)
MARKER = START + timedelta(days=1)
CAUSE, PLACED, OTHER, CRASH = "cause", "cause in a place", "other", "crash"
OLD_HEALED = 4
"""Of phases that had all failed: √4 is more than 1.96, the score test of the same phases (McNemar)."""
FEW, SHARE, MANY = 3, 10, 30
"""Clean phases that ended a cause by the old rule: all of three, a tenth, at most thirty."""


@dataclass
class Backlog:
    """Attempts around a marker, as they would be read."""

    rng: random.Random
    tried: list[Tried] = field(default_factory=list)
    marker: datetime = MARKER
    category: str = ""
    done: list[Done] = field(default_factory=list)
    """What completed before the fix."""

    def retry(
        self, phase: int, run: int, key: str, fails: str, *, after: bool, planned: str = CAUSE
    ) -> None:
        """One phase that had failed by `planned` tried once: fails by `key`, completes where that is ""."""
        number = len(self.tried)
        at = (MARKER if after else START) + timedelta(seconds=number + 1)
        self.tried.append(
            Tried(phase, run, number, at, at + timedelta(seconds=30), fails, key, planned)
        )

    def drain(
        self,
        number: int,
        at: datetime,
        count: int,
        chance: float,
        seconds: float = 30,
        events: int = 0,
    ) -> None:
        """A drain of `count` phases, four of a run, a second apart, each failing by the cause with its chance."""
        first = len(self.tried)
        for index in range(first, first + count):
            start = at + timedelta(seconds=index - first)
            failed = self.rng.random() < chance
            self.tried.append(Tried(
                index, index // 4, number, start, start + timedelta(seconds=seconds),
                "failed" if failed else "complete", CAUSE if failed else "", CAUSE, 0 if failed else events,
            ))  # fmt: skip

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


def _outage(b: Backlog) -> None:
    """Nothing was mended: what failed could not reach something, which came back when the fix went in."""
    b.category = Category.NETWORK
    lasted = timedelta(minutes=10 * 120 ** b.rng.random())
    for number in range(b.rng.randint(1, 4)):
        b.drain(number, MARKER - lasted * b.rng.uniform(0.05, 1), 10 + b.rng.randint(0, 10), 0.97)
    b.drain(9, MARKER + timedelta(minutes=5), b.rng.randint(30, 100), 0.05)


def _real_network(b: Backlog) -> None:
    """The same kind of failures for three days, and a fix."""
    b.category = Category.NETWORK
    for number in range(3):
        b.drain(number, MARKER - timedelta(days=3 - number), 10, 0.95)
    b.drain(9, MARKER + timedelta(minutes=5), b.rng.randint(30, 100), 0.1)


def _swings(b: Backlog) -> None:
    """An executor that fails in every other drain, whatever anybody does."""
    for number in range(b.rng.randint(3, 6)):
        b.drain(
            number,
            MARKER - timedelta(hours=9 - number),
            b.rng.randint(12, 30),
            (0.95, 0.05)[number % 2],
        )
    b.drain(9, MARKER + timedelta(hours=1), b.rng.randint(30, 100), 0.05)


def _real_in_drains(b: Backlog) -> None:
    """Several drains before the fix, and work that takes as long and brings as much as it did."""
    for number in range(4):
        b.drain(number, MARKER - timedelta(hours=9 - number), b.rng.randint(6, 20), 0.93)
    b.done = [Done(1000 + n // 4, b.rng.randint(0, 5), b.rng.uniform(5, 60)) for n in range(40)]
    b.drain(9, MARKER + timedelta(hours=1), b.rng.randint(30, 100), 0.1, b.rng.uniform(5, 60), 2)


def _hollow(b: Backlog) -> None:
    """Phases that end at once, with success and without having done anything."""
    b.drain(1, MARKER - timedelta(hours=9), 30, 0.95)
    silent = b.rng.random() < 0.5
    b.done = [
        Done(1000 + n // 4, 0 if silent else b.rng.randint(0, 5), b.rng.uniform(20, 60))
        for n in range(40)
    ]
    b.drain(9, MARKER + timedelta(hours=1), 60, 0.0, b.rng.uniform(0.01, 1) if silent else 30)


def _best_moment(b: Backlog) -> None:
    """A marker written afterwards, at the moment that looks best."""
    p = b.rng.uniform(0.1, 0.7)
    for number in range(10):
        b.drain(number, START + timedelta(hours=number), 15, p)
    failed = [tried.outcome == "failed" for tried in b.tried]
    b.marker = START + timedelta(hours=max(
        range(1, 8),
        key=lambda hour: sum(failed[: 15 * hour]) / (15 * hour) - sum(failed[15 * hour :]) / (150 - 15 * hour),
    )) - timedelta(minutes=10)  # fmt: skip


WORKS, PARTLY, NOT = (
    ruling.value for ruling in (Ruling.WORKS, Ruling.PARTLY, Ruling.DOES_NOT_WORK)
)
SEEN, RESOLVED = "not seen again", "resolved"
UNDECIDED = frozenset({Ruling.NOT_ENOUGH_DATA.value, Ruling.CANNOT_BE_TOLD.value})
SCENARIOS = (
    Scenario("real fix of 90 %, own past 20", _real, frozenset({WORKS, PARTLY})),
    Scenario("real fix of 60 phases, own past 12", _real_few_controls, frozenset({WORKS, PARTLY})),
    Scenario("real fix beside 30 others", _real_with_others, frozenset({WORKS, PARTLY})),
    Scenario("real fix after four drains", _real_in_drains, frozenset({WORKS, PARTLY})),
    Scenario("real fix of three days of network", _real_network, frozenset({WORKS, PARTLY})),
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
    Scenario("an outage that ends at the marker", _outage, frozenset({NOT})),
    Scenario("an executor that swings", _swings, frozenset({NOT})),
    Scenario("completes without doing anything", _hollow, frozenset({NOT})),
    Scenario("a marker where it fits best", _best_moment, frozenset({NOT})),
)


def said(backlog: Backlog, count: int) -> CauseVerdict:
    """The verdict when `count` phases have ended since the marker."""
    before = [one for one in backlog.tried if one.started_at <= backlog.marker]
    after = [one for one in backlog.tried if one.started_at > backlog.marker]
    here = [one for one in after if one.planned == CAUSE]
    others = [one for one in after if one.planned != CAUSE]
    share = min(1.0, count / max(1, len(here)))
    shown = here[:count] + others[: round(len(others) * share)]
    found = trials_of(sorted(before + shown), _touches, _equal, Window(backlog.marker))
    evidence = Evidence(
        CAUSE,
        CAUSE,
        found.after.get(CAUSE, ()),
        found.before.get(CAUSE, ()),
        backlog.category,
        backlog.done,
    )
    return judge(evidence, Others.of(found.before.get("", ()), found.after.get("", ())))


def _touches(key: str) -> str:
    """The headline known alone may be the one with a place."""
    return CAUSE if key in (CAUSE, PLACED) else ""


def _equal(one: str, other: str) -> bool:
    return one == other


def sentences(backlog: Backlog, true: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Everything that is said at any look, and whether it is false; "old" took what had failed as "before"."""
    after = [
        one for one in backlog.tried if one.started_at > backlog.marker and one.planned == CAUSE
    ]
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
    if healed >= OLD_HEALED:
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
Played = tuple[Counter[str], Counter[str]]


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


def _burst(rng: random.Random) -> int:
    return int(rng.expovariate(1 / 50)) if rng.random() < 0.2 else 0


def _heavy(rng: random.Random) -> int:
    return int(rng.lognormvariate(2, 1.5)) if rng.random() < 0.3 else 0


def _with_events(events: Callable[[random.Random], int]) -> Callable[[random.Random], Sides]:
    """Nothing changed, and events come many at once, from few attempts."""

    def draw(rng: random.Random) -> Sides:
        before, after = _unchanged(rng)
        return [one._replace(events=events(rng)) for one in before], [
            one._replace(events=events(rng)) for one in after
        ]

    return draw


def _same_phases(rng: random.Random) -> Sides:
    """The same phases tried twice, each with its own chance; most runs end alike."""
    chances = [rng.betavariate(1, 1) for _ in range(40)]

    def side() -> list[Seen]:
        return [Seen(n, n // 4, rng.random() < chances[n // 4]) for n in range(150)]

    return side(), side()


def _more_events(rng: random.Random) -> Sides:
    before, after = _unchanged(rng)
    one, two = (before * 15)[:100], after
    return [seen._replace(phase=n, run=n // 4, events=rng.choice((0, 1, 2))) for n, seen in enumerate(one)], [
        seen._replace(events=rng.choice((2, 4, 6))) for seen in two
    ]  # fmt: skip


def _risen(rng: random.Random) -> Sides:
    return _side(rng, 100, lambda _: 0.7), _side(rng, 150, lambda _: 0.2)


BETTER, WORSE, MORE, LESS = "better", "worse", "higher yield", "lower yield"
COMPARISONS: tuple[tuple[str, Callable[[random.Random], Sides], frozenset[str]], ...] = (
    ("a real rise, .3 to .8", _risen, frozenset({BETTER})),
    ("nothing changed", _unchanged, frozenset()),
    ("nothing changed; whole runs end alike", _runs_together, frozenset()),
    ("nothing changed; some tried many times", _again_and_again, frozenset()),
    ("the same phases, some opened again", _reopened, frozenset()),
    ("nothing changed; the same phases twice", _same_phases, frozenset()),
    ("nothing changed; events in bursts", _with_events(_burst), frozenset()),
    ("nothing changed; bursts of every size", _with_events(_heavy), frozenset()),
    ("four times the events", _more_events, frozenset({MORE})),
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
    change = difference(one, two, pairs_of(reads, {}, {}))
    yield change.verdict
    flows = one.telemetry.flow, two.telemetry.flow
    if yields_more(flows[1], flows[0]):
        yield MORE
    if yields_more(flows[0], flows[1]):
        yield LESS
    plain = _newcombe((one.rate.complete, one.rate.n), (two.rate.complete, two.rate.n))
    if plain is not None and plain.excludes(0):
        yield f"old {BETTER if plain.value > 0 else WORSE}"
    if _poisson(flows[1])[0] > _poisson(flows[0])[1]:
        yield f"old {MORE}"


def _poisson(flow: Flow) -> tuple[float, float]:
    """Bounds for one look, every event for itself (the square root of a Poisson count has variance 1/4)."""
    low, high = (max(0.0, math.sqrt(flow.events + 3 / 8) + z / 2) ** 2 for z in (-1.96, 1.96))
    return low / flow.minutes, high / flow.minutes


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
    runs: dict[int, list[int]] = {}
    for seen in side:
        runs.setdefault(seen.run, []).append(seen.events)
    flow = Flow.of((sum(events), len(events)) for events in runs.values())
    return SideRead(endings, len({seen.phase for seen in side}), spread, flow)


COMPARED = (BETTER, WORSE, MORE, LESS, f"old {BETTER}", f"old {WORSE}", f"old {MORE}")


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


PASS, FAIL, AT_MOST = "pass", "fail", "at most so many"
CHECKED = (PASS, FAIL, AT_MOST, f"old {PASS}", f"old {FAIL}")


class Asked(NamedTuple):
    """Attempts that a check looks at as they come, the truth that is asked about, and what is asked for."""

    seen: list[Seen]
    truth: float
    threshold: float


def _rate_asked(
    share: Callable[[random.Random, int], float], each: int
) -> Callable[[random.Random], Asked]:
    """A completion rate; what is asked for lies a little above or below what is true."""

    def draw(rng: random.Random) -> Asked:
        p = rng.uniform(0.1, 0.9)
        ends: dict[int, float] = {}
        side = _side(rng, 150, lambda run: ends.setdefault(run, share(rng, round(100 * p))), each)
        return Asked(side, 1 - p, 1 - p + rng.choice((-0.03, 0.03)))

    return draw


def _yield_asked(
    events: Callable[[random.Random], int], mean: float
) -> Callable[[random.Random], Asked]:
    """Events per attempt-minute; what is asked for lies a tenth above or below what is true."""

    def draw(rng: random.Random) -> Asked:
        side = _side(rng, 150, lambda _: 0.5)
        return Asked(
            [one._replace(events=events(rng)) for one in side], mean, mean * rng.choice((0.9, 1.1))
        )

    return draw


_HEAVY = 0.3 * (math.exp(2 + 1.5**2 / 2) - 0.5)
CHECKS: tuple[tuple[str, bool, Callable[[random.Random], Asked]], ...] = (
    ("rate of independent phases", True, _rate_asked(lambda _, p: p / 100, 4)),
    ("rate; whole runs end alike", True, _rate_asked(lambda rng, p: float(rng.random() < p / 100), 10)),
    ("yield, events one by one", False, _yield_asked(lambda rng: rng.choice((1, 3, 5)), 3)),
    ("yield, events in bursts", False, _yield_asked(_burst, 0.2 * (1 / (math.exp(1 / 50) - 1)))),
    ("yield, bursts of every size", False, _yield_asked(_heavy, _HEAVY)),
)  # fmt: skip


def checked(asked: Asked, seen: list[Seen], *, of_rate: bool) -> Iterator[tuple[str, bool]]:
    """What checks say of these attempts, and whether it is false; "old" counted every one of them for itself."""
    found = figures_of("", _read(seen), {})
    verdict = (
        rate_at_least(found.rate, found.spread, asked.threshold)
        if of_rate
        else yield_at_least(found.telemetry, asked.threshold)
    ).verdict.value
    true = asked.truth >= asked.threshold
    yield verdict, verdict in (PASS, FAIL) and (verdict == PASS) is not true
    plain = (
        wilson(found.rate.complete, found.rate.n)
        if of_rate
        else Interval(0, *_poisson(found.telemetry.flow))
    )
    if plain is not None and plain.excludes(asked.threshold):
        yield (
            f"old {PASS if plain.low > asked.threshold else FAIL}",
            (plain.low > asked.threshold) is not true,
        )
    if of_rate and not any(one.failed for one in seen):
        runs = Counter(one.run for one in seen).values()
        worth = sum(runs) ** 2 / sum(size * size for size in runs)
        away = stayed_away("failed", Found(len(seen), 0, ()), Again(len(seen), len(seen), worth))
        yield AT_MOST, away.observed["high"] < 1 - asked.truth


def play_checks(name: str, draws: int, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """As `play`, for checks that are judged again and again."""
    told, false = Counter[str](), Counter[str]()
    of_rate, draw = next((of_rate, draw) for known, of_rate, draw in CHECKS if known == name)
    for index in range(draws):
        asked = draw(random.Random(f"{seed} {name} {index}"))
        said_so = {
            one for look in LOOKS for one in checked(asked, asked.seen[:look], of_rate=of_rate)
        }
        told.update({word for word, _ in said_so})
        false.update({word for word, is_false in said_so if is_false})
    return told, false


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
    """Print the tables of told and false shares: of fixes, of comparisons, of checks."""
    of = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    fixes = {scenario.name: scenario for scenario in SCENARIOS}
    table(list(fixes), NAMES, lambda name: play(fixes[name], of), of)
    table(
        [name for name, _, _ in COMPARISONS], COMPARED, lambda name: play_comparison(name, of), of
    )
    table([name for name, _, _ in CHECKS], CHECKED, lambda name: play_checks(name, of), of)


if __name__ == "__main__":
    main()
