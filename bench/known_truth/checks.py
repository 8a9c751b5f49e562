"""Attempts as a check meets them, one after the other, and what it says of a truth that is known."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.known_truth.backlogs import LOOKS
from bench.known_truth.comparisons import Seen, burst, heavy, poisson_bounds, read_side, side_of
from drain.evidence.checks.matching import Again, Found
from drain.evidence.checks.verdicts import rate_at_least, stayed_away, yield_at_least
from drain.evidence.comparison.figures import figures_of
from drain.evidence.statistics.intervals import Interval, wilson

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
        side = side_of(rng, 150, lambda run: ends.setdefault(run, share(rng, round(100 * p))), each)
        return Asked(side, 1 - p, 1 - p + rng.choice((-0.03, 0.03)))

    return draw


def _rate_in_runs(alike: float, sizes: tuple[int, ...]) -> Callable[[random.Random], Asked]:
    """Runs of these sizes, each with its own chance:
    a beta distribution about p, its two parameters `alike` in sum.
    """

    def draw(rng: random.Random) -> Asked:
        p, side = rng.uniform(0.1, 0.9), list[Seen]()
        for run in range(150):
            chance = rng.betavariate(alike * p, alike * (1 - p))
            side += [Seen(0, run, rng.random() < chance) for _ in range(rng.choice(sizes))]
        return Asked(side[:150], 1 - p, 1 - p + rng.choice((-0.03, 0.03)))

    return draw


def _yield_asked(
    events: Callable[[random.Random], int], mean: float
) -> Callable[[random.Random], Asked]:
    """Events per attempt-minute; what is asked for lies a tenth above or below what is true."""

    def draw(rng: random.Random) -> Asked:
        side = side_of(rng, 150, lambda _: 0.5)
        return Asked(
            [one._replace(events=events(rng)) for one in side], mean, mean * rng.choice((0.9, 1.1))
        )

    return draw


_HEAVY = 0.3 * (math.exp(2 + 1.5**2 / 2) - 0.5)
CHECKS: tuple[tuple[str, bool, Callable[[random.Random], Asked]], ...] = (
    ("rate of independent phases", True, _rate_asked(lambda _, p: p / 100, 4)),
    ("rate; whole runs end alike", True, _rate_asked(lambda rng, p: float(rng.random() < p / 100), 10)),
    ("rate; most runs end alike", True, _rate_in_runs(0.5, (1, 2, 4, 10, 25, 40))),
    ("rate; runs differ", True, _rate_in_runs(1.0, (10,))),
    ("yield, events one by one", False, _yield_asked(lambda rng: rng.choice((1, 3, 5)), 3)),
    ("yield, events in bursts", False, _yield_asked(burst, 0.2 * (1 / (math.exp(1 / 50) - 1)))),
    ("yield, bursts of every size", False, _yield_asked(heavy, _HEAVY)),
)  # fmt: skip


def checked(asked: Asked, seen: list[Seen], *, of_rate: bool) -> Iterator[tuple[str, bool]]:
    """Yield the verdicts of checks on these attempts, and whether each is false;
    "old" counted every attempt for itself.
    """
    found = figures_of("", read_side(seen), {})
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
        else Interval(0, *poisson_bounds(found.telemetry.flow))
    )
    if plain is not None and plain.excludes(asked.threshold):
        yield (
            f"old {PASS if plain.low > asked.threshold else FAIL}",
            (plain.low > asked.threshold) is not true,
        )
    if of_rate and not any(one.failed for one in seen):
        runs = Counter(one.run for one in seen).values()
        worth = sum(runs) ** 2 / sum(size * size for size in runs)
        away = stayed_away(
            "failed", Found(len(seen), 0, ()), Again(len(seen), len(seen), len(seen), worth)
        )
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
