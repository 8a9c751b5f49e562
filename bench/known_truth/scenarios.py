"""Backlogs with a fix, without one, and with what may be taken for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from bench.known_truth import lookalikes
from bench.known_truth.backlogs import CAUSE, CRASH, MARKER, OTHER, PLACED, START, Backlog
from drain.evidence.fixes.contrast import Done
from drain.evidence.fixes.verdict import Ruling
from drain.fingerprints.model import Category


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
    """Import phases after the marker that had failed before it and are as flaky as everything else."""
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


def _outage_after_strays(b: Backlog) -> None:
    """The same, and a few that had failed so days before."""
    b.drain(0, MARKER - timedelta(days=b.rng.randint(2, 9)), b.rng.randint(1, 4), 0.97)
    _outage(b)


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


def _elsewhere(b: Backlog) -> None:
    """Nothing was mended: it fails in one source, and mostly the other was tried since."""
    some = b.rng.choice((0, 6))
    b.drain(1, MARKER - timedelta(hours=9), 30, 0.95, place="a")
    b.drain(2, MARKER - timedelta(hours=8), some, 0.1, place="b")
    b.drain(3, MARKER + timedelta(hours=1), some, 0.95, place="a")
    b.drain(4, MARKER + timedelta(hours=2), b.rng.randint(30, 100), 0.1, place="b")


def _real_in_places(b: Backlog) -> None:
    """Several sources, not as many tried of each before the fix as after it."""
    places = "abcd"[: b.rng.randint(2, 4)]
    for number, place in enumerate(places):
        b.drain(
            number, MARKER - timedelta(hours=9 - number), b.rng.randint(8, 16), 0.95, place=place
        )
    for number, place in enumerate(places):
        b.drain(
            9 + number,
            MARKER + timedelta(hours=1 + number),
            b.rng.randint(20, 40),
            0.1,
            place=place,
        )


def _one_by_one(b: Backlog) -> None:
    """Nothing was mended: memory runs out where phases run side by side, and they ran one by one since."""
    b.category = Category.OUT_OF_MEMORY
    b.drain(1, MARKER - timedelta(days=2), 30, 0.95)
    b.drain(2, MARKER + timedelta(hours=1), b.rng.randint(30, 100), 0.02, seconds=0.9)


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
    Scenario("real fix in several sources", _real_in_places, frozenset({WORKS, PARTLY})),
    Scenario("real fix, some attempts lost", lookalikes.real_with_lost, frozenset({WORKS, PARTLY})),
    Scenario(
        "real fix in several categories", lookalikes.real_in_categories, frozenset({WORKS, PARTLY})
    ),
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
    Scenario("an outage, days after a stray failure", _outage_after_strays, frozenset({NOT})),
    Scenario("an executor that swings", _swings, frozenset({NOT})),
    Scenario("completes without doing anything", _hollow, frozenset({NOT})),
    Scenario("another source was tried since", _elsewhere, frozenset({NOT})),
    Scenario("one by one since the marker", _one_by_one, frozenset({NOT})),
    Scenario("a marker where it fits best", _best_moment, frozenset({NOT})),
    Scenario("the failure changed its words", lookalikes.reworded, frozenset({NOT})),
    Scenario("what would fail hangs or is put off", lookalikes.hanging, frozenset({NOT})),
    Scenario("another category was tried since", lookalikes.other_category, frozenset({NOT})),
    Scenario("gone before the marker", lookalikes.gone_before, frozenset({NOT})),
    Scenario("fails at night, tried by day", lookalikes.nightly, frozenset({NOT})),
    Scenario("the hopeless were given up", lookalikes.given_up, frozenset({NOT})),
    Scenario("fewer side by side since", lookalikes.fewer_side_by_side, frozenset({NOT})),
    Scenario("says once that it ran", lookalikes.hollow_events, frozenset({NOT})),
)
