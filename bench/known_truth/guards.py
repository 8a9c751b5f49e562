"""Phases that had failed so, tried again:
what a guard says that this failure must stay away, and whether it is so.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from bench.known_truth.backlogs import LOOKS
from bench.known_truth.checks import PASS
from bench.known_truth.comparisons import Played
from drain.evidence.checks.matching import Again, Found
from drain.evidence.checks.verdicts import stayed_away
from drain.evidence.fixes.composition import not_done
from drain.evidence.fixes.contrast import Done

EACH = 4
"""Phases of a run."""


class Guarded(NamedTuple):
    """Phases in the order in which they were tried again, and what their sort of work did before."""

    tried: Sequence[Done | None]
    """None for one that failed by something else."""
    done: Sequence[Done]
    true: bool
    """That what they had failed by can come no more."""


def _work(rng: random.Random, count: int, first: int, events: int = 5) -> list[Done]:
    """Work of some seconds to a minute that mostly brings up to so many events."""
    return [
        Done(first + n // EACH, rng.randint(0, events), rng.uniform(5, 60)) for n in range(count)
    ]


def _real(rng: random.Random) -> Guarded:
    return Guarded(_work(rng, rng.randint(20, 100), 1000), _work(rng, 40, 0), true=True)


def _silent(rng: random.Random) -> Guarded:
    """Work that never brings an event, and is done."""
    tried = _work(rng, rng.randint(20, 100), 1000, events=0)
    return Guarded(tried, _work(rng, 40, 0, events=0), true=True)


def _first_ever(rng: random.Random) -> Guarded:
    """Nothing of the sort had ever completed."""
    return Guarded(_work(rng, rng.randint(20, 100), 1000), [], true=True)


def _hollow(rng: random.Random) -> Guarded:
    """Ends at once or brings nothing: a placebo that calls everything complete."""
    at_once = rng.random() < 0.5
    tried = [
        one._replace(seconds=rng.uniform(0, 0.4)) if at_once else one._replace(events=0)
        for one in _work(rng, 100, 1000)
    ]
    return Guarded(tried, _work(rng, 40, 0), true=False)


def _once(rng: random.Random) -> Guarded:
    """Says once that it ran."""
    done = [one._replace(events=rng.randint(5, 20)) for one in _work(rng, 40, 0)]
    return Guarded([one._replace(events=1) for one in _work(rng, 100, 1000)], done, true=False)


def _crash(rng: random.Random) -> Guarded:
    """Dies on import, before what it had failed by could come."""
    return Guarded([None] * 100, _work(rng, 40, 0), true=False)


GUARDS: dict[str, Callable[[random.Random], Guarded]] = {
    "guard; the work is done": _real,
    "guard; work that brings no events": _silent,
    "guard; the first that ever completed": _first_ever,
    "guard; completes without doing anything": _hollow,
    "guard; says once that it ran": _once,
    "guard; dies before it could come": _crash,
}
GUARDED = (PASS, f"old {PASS}")


def _worth(completed: Sequence[Done]) -> float:
    runs = Counter(one.run for one in completed).values()
    return sum(runs) ** 2 / sum(size * size for size in runs) if runs else 0.0


def said(drawn: Guarded, look: int) -> str:
    """The verdict of the guard when so many have been tried again."""
    tried = drawn.tried[:look]
    completed = [one for one in tried if one is not None]
    again = Again(len(drawn.tried), len(tried), len(completed), _worth(completed))
    doubt = partial(not_done, drawn.done, completed)
    return stayed_away("failed so", Found(len(tried), 0, ()), again, doubt).verdict.value


def play_guards(name: str, draws: int, seed: int = 1) -> Played:
    """As `play`, for a guard that is judged again and again;
    "old" took whatever ended otherwise for a proof.
    """
    told, false = Counter[str](), Counter[str]()
    for index in range(draws):
        drawn = GUARDS[name](random.Random(f"{seed} {name} {index}"))
        words = {f"old {PASS}", *(said(drawn, look) for look in LOOKS)} & set(GUARDED)
        told.update(words)
        false.update(() if drawn.true else words)
    return told, false
