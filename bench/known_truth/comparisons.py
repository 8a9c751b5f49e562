"""Two sides of attempts whose truth is known, and what is said of their difference."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.known_truth.backlogs import LOOKS
from drain.evidence.comparison.compare import difference
from drain.evidence.comparison.figures import figures_of
from drain.evidence.comparison.pairs import pairs_of
from drain.evidence.comparison.query import LikeEnds, MoveRead, SideRead
from drain.evidence.statistics.intervals import Interval, wilson
from drain.evidence.statistics.sequence import Observation, Spread
from drain.evidence.statistics.yields import Flow, yields_more


class Seen(NamedTuple):
    """One rated attempt on a side of a comparison."""

    phase: int
    run: int
    failed: bool
    events: int = 0
    seconds: int = 60


Sides = tuple[list[Seen], list[Seen]]
Played = tuple[Counter[str], Counter[str]]


def side_of(
    rng: random.Random, count: int, chance: Callable[[int], float], each: int = 4
) -> list[Seen]:
    first = rng.randrange(10**9)
    return [
        Seen(first + n, first + n // each, rng.random() < chance(first + n // each)) for n in range(count)
    ]  # fmt: skip


def _unchanged(rng: random.Random) -> Sides:
    p = rng.uniform(0.05, 0.95)
    return side_of(rng, rng.randint(10, 150), lambda _: p), side_of(rng, 150, lambda _: p)


def _runs_together(rng: random.Random) -> Sides:
    p = rng.uniform(0.2, 0.8)
    ends: dict[int, float] = {}

    def chance(run: int) -> float:
        return ends.setdefault(run, float(rng.random() < p))

    return side_of(rng, rng.randint(2, 12) * 10, chance, 10), side_of(rng, 150, chance, 10)


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


def burst(rng: random.Random) -> int:
    return int(rng.expovariate(1 / 50)) if rng.random() < 0.2 else 0


def heavy(rng: random.Random) -> int:
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
    p = rng.uniform(0.05, 0.95)
    before, after = side_of(rng, 100, lambda _: p), side_of(rng, 150, lambda _: p)
    return [one._replace(events=rng.choice((0, 1, 2))) for one in before], [
        one._replace(events=rng.choice((2, 4, 6))) for one in after
    ]


def _risen(rng: random.Random) -> Sides:
    return side_of(rng, 100, lambda _: 0.7), side_of(rng, 150, lambda _: 0.2)


def _risen_with_events(rng: random.Random) -> Sides:
    before, after = _risen(rng)
    return [one._replace(events=rng.randint(1, 5)) for one in before], [
        one._replace(events=rng.randint(1, 5)) for one in after
    ]


def _risen_without_events(rng: random.Random) -> Sides:
    """Completed attempts bring nothing now; they did before."""
    before, after = _risen_with_events(rng)
    return before, [one._replace(events=0) for one in after]


def _risen_at_once(rng: random.Random) -> Sides:
    """A pipeline that reports nothing, and what completes now ends at once."""
    before, after = _risen(rng)
    return before, [one._replace(seconds=rng.randint(0, 3)) for one in after]


BETTER, WORSE, MORE, LESS = "better", "worse", "higher yield", "lower yield"
COMPARISONS: tuple[tuple[str, Callable[[random.Random], Sides], frozenset[str]], ...] = (
    ("a real rise, .3 to .8", _risen, frozenset({BETTER})),
    ("a real rise, with events", _risen_with_events, frozenset({BETTER})),
    ("a rise that brings no events", _risen_without_events, frozenset({LESS})),
    ("a rise that ends at once", _risen_at_once, frozenset()),
    ("nothing changed", _unchanged, frozenset()),
    ("nothing changed; whole runs end alike", _runs_together, frozenset()),
    ("nothing changed; some tried many times", _again_and_again, frozenset()),
    ("the same phases, some opened again", _reopened, frozenset()),
    ("nothing changed; the same phases twice", _same_phases, frozenset()),
    ("nothing changed; events in bursts", _with_events(burst), frozenset()),
    ("nothing changed; bursts of every size", _with_events(heavy), frozenset()),
    ("four times the events", _more_events, frozenset({MORE})),
)


def compared(before: list[Seen], after: list[Seen]) -> Iterator[str]:
    """Yield the sentences on two sides, today's and those from when every attempt and event counted for
    itself.
    """
    one, two = (figures_of("", read_side(side), {}) for side in (before, after))
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
    if poisson_bounds(flows[1])[0] > poisson_bounds(flows[0])[1]:
        yield f"old {MORE}"


def poisson_bounds(flow: Flow) -> tuple[float, float]:
    """Bounds for one look, every event for itself (the square root of a Poisson count has variance 1/4)."""
    low, high = (max(0.0, math.sqrt(flow.events + 3 / 8) + z / 2) ** 2 for z in (-1.96, 1.96))
    return low / flow.minutes, high / flow.minutes


def _newcombe(before: tuple[int, int], after: tuple[int, int]) -> Interval | None:
    """Difference of two rates of independent attempts (Newcombe, Statistics in Medicine 17:873,
    1998, method 10).
    """
    one, two = wilson(*before), wilson(*after)
    if one is None or two is None:
        return None
    value = two.value - one.value
    low = math.hypot(two.value - two.low, one.high - one.value)
    return Interval(
        value, value - low, value + math.hypot(two.high - two.value, one.value - one.low)
    )


def read_side(side: list[Seen]) -> SideRead:
    ways = Counter(
        ("failed" if seen.failed else "complete", seen.events, seen.seconds) for seen in side
    )
    endings = tuple(
        LikeEnds(outcome, "", events, "", n, n * seconds * 1_000_000)
        for (outcome, events, seconds), n in ways.items()
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
