"""Any two sides compared: rates with their n, what moved, which causes went and which came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drain.evidence.comparison.figures import CauseCount, Figures, figures_of
from drain.evidence.comparison.pairs import Pairs, pairs_of
from drain.evidence.comparison.query import PairRead, Question, read_pairs
from drain.evidence.comparison.sides import Side
from drain.evidence.fingerprints.aliases import FingerprintSummary, causes
from drain.evidence.fingerprints.identity import FingerprintIdentity, identities, kin
from drain.evidence.statistics.intervals import Interval
from drain.evidence.statistics.sequence import both_bounds, enough_for_gain, gain, paired_bounds
from drain.evidence.statistics.work import doubt_of_work
from drain.policy.words import counted

SELECTED = (
    "These phases were chosen because they had failed, so their rate rises by itself: "
    "compare with the fingerprints that the fix did not touch."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Change of the completion rate, after minus before, and what it shows."""

    interval: Interval | None
    n_before: int
    n_after: int
    is_paired: bool
    enough: int | None
    """Attempts on each side (or pairs) that would show it, were the rates to stay; None: no number.

    Where a side is empty, the fewest with which it could be shown at all.
    """
    shared: int = 0
    """Phases tried on both sides."""
    fewer: int = 0
    """Phases of the side that has fewer of them."""
    selected: bool = False
    """More of the same phases complete now: they were tried again because they had failed,
    so that says nothing.
    """
    gained: int = 0
    """Of the same phases, those that had not completed and now have."""
    lost: int = 0
    """Of the same phases, those that had completed and now have not."""
    doubt: str = ""
    """The doubt that what completes now does what completed before, if there is one."""

    @property
    def verdict(self) -> str:
        """better, doubtful, worse, selected or not_enough_data."""
        if self.selected:
            return "selected"
        if self.interval is None or not self.interval.excludes(0):
            return "not_enough_data"
        if self.interval.value < 0:
            return "worse"
        return "doubtful" if self.doubt else "better"

    @property
    def sentence(self) -> str:
        """The verdict with its n."""
        if self.interval is None:
            sizes = f"{counted(self.n_before, 'attempt')} before and {self.n_after} after"
            return f"Not enough data: {sizes}; at least {self.enough} on each side would be needed."
        on = self._basis()
        if self.selected and not self.gained:
            return f"None of {counted(self.n_after, 'phase')} that had failed before completed."
        if self.selected:
            back = f", and {self.lost} that had completed failed" if self.lost else ""
            return (
                f"{self.gained} of {counted(self.n_after, 'phase')} completed that had failed before{back}; "
                "a second try alone may do that, so this is no change of the rate."
            )
        points = f"{_points(self.interval.value)} ({_points(self.interval.low)} to {_points(self.interval.high)})"
        if self.verdict == "doubtful":
            return f"The completion rate rose: {points} percentage points {on}, but {self.doubt}."
        if self.verdict != "not_enough_data":
            return f"The completion rate is {self.verdict}: {points} percentage points {on}."
        need = "" if self.enough is None else f"; about {self.enough} would be enough"
        return f"Not enough data to tell: {points} percentage points {on}{need}."

    def _basis(self) -> str:
        """Return the sentence that names the two sides and the reason for comparing them so."""
        both = f"{counted(self.shared, 'phase')} on both sides"
        of = f"the smaller side's {self.fewer}"
        if self.is_paired:
            return f"on the same phases ({both}, of {of})"
        why = f"{both}, fewer than half of {of}" if self.shared else "no phase on both sides"
        sizes = f"{counted(self.n_before, 'attempt')} before and {self.n_after} after"
        return f"between two groups ({sizes}; {why})"


@dataclass(frozen=True, slots=True)
class CauseChanges:
    """Causes by what became of them, each with the failures of the side that it is named for."""

    gone: tuple[CauseCount, ...]
    """Failed before and not after, and a phase that had failed with them completed."""
    replaced: tuple[CauseCount, ...]
    """Failed before and not after, but each phase that was tried again failed by something else:
    before they could come, for all that is known.
    """
    untried: tuple[CauseCount, ...]
    """Failed before and not after, and no phase that had failed with them was tried again to an end."""
    still: tuple[CauseCount, ...]
    new: tuple[CauseCount, ...]
    regressed: tuple[CauseCount, ...]
    """Failed after although a fix was in or they were resolved."""
    may_be: tuple[CauseCount, ...] = ()
    """Failed after, and may be one that failed before: neither gone nor new."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a page or a report shows of two sides."""

    before: Figures
    after: Figures
    pairs: Pairs
    difference: Difference
    causes: CauseChanges
    fixed: tuple[FingerprintSummary, ...]
    """The present status of the fingerprints that the fix in between was meant to end."""
    notes: tuple[str, ...]

    @property
    def statuses(self) -> Mapping[str, int]:
        """The number of the fix's fingerprints by status."""
        return Counter(cause.status for cause in self.fixed)


def compare(
    before: Side, after: Side, fixed: Iterable[str] = (), *, from_plan: bool = True
) -> Comparison:
    """Compare two sides; the rest is as in `Question`."""
    (found,) = compare_all([Question(before, after, tuple(fixed), from_plan)])
    return found


def compare_all(questions: Sequence[Question]) -> list[Comparison]:
    """Any number of comparisons, read at once; three queries however many there are."""
    found = read_pairs(questions)
    keys = {key for read in found for key in read.keys}
    known = causes({*keys, *(key for question in questions for key in question.fixed)})
    identity = identities(cause.key for cause in known.values())
    return [
        _comparison(question, read, known, identity)
        for question, read in zip(questions, found, strict=True)
    ]


def _comparison(
    question: Question,
    found: PairRead,
    known: Mapping[str, FingerprintSummary],
    identity: Mapping[str, FingerprintIdentity],
) -> Comparison:
    before = figures_of(question.before.label, found.before, known)
    after = figures_of(question.after.label, found.after, known)
    same = pairs_of(found.moves, known, identity)
    fixed = {known[key].key: known[key] for key in sorted(question.fixed) if key}
    change = difference(before, after, same)
    return Comparison(
        before=before,
        after=after,
        pairs=same,
        difference=change,
        causes=_changes((*before.causes, *_planned_causes(same)), after.causes, same, identity),
        fixed=tuple(fixed.values()),
        notes=_notes(same, change),
    )


def difference(before: Figures, after: Figures, same: Pairs) -> Difference:
    """Compare the same phases where they can speak for both sides, else two groups of attempts.

    Attempts are tried again because they had failed, so of the same phases more completing ones say nothing.
    The bounds are those of a fix either way: looks do not cheat, and a run counts for less than its phases.
    """
    fewer = min(before.phases + same.from_plan, after.phases)
    doubt = doubt_of_work(before.work, after.work)
    if speak_for_both(same.n, fewer):
        gained, lost = same.gained(), same.lost()
        chosen = gained > lost or same.all_failed_before
        one, two = paired_bounds(before.spread, after.spread, same.n, *same.failed())
        return Difference(
            gain(one, two), same.n, same.n, True, enough_for_gain(one, two), same.n, fewer, chosen,
            gained, lost, doubt,
        )  # fmt: skip
    one, two = both_bounds(before.spread, after.spread)
    enough = enough_for_gain(one, two)
    return Difference(gain(one, two), one.n, two.n, False, enough, same.n, fewer, doubt=doubt)


def speak_for_both(shared: int, fewer: int) -> bool:
    """Return whether the phases on both sides are at least half of those of the side that has fewer.

    A pair is the stronger proof, but only of the phases that have one: a handful that two weeks of the
    fleet happen to share says nothing of the weeks. Around a fix or a drain that tries again what had
    failed, the side after is made of such phases, so the rule finds them by itself.
    """
    return shared > 0 and 2 * shared >= fewer


def _changes(
    before: Iterable[CauseCount],
    after: Iterable[CauseCount],
    same: Pairs,
    identity: Mapping[str, FingerprintIdentity],
) -> CauseChanges:
    earlier, later = _by_key(before), _by_key(after)
    came_back = {key for key, cause in later.items() if cause.status == "regressed"}
    again = {key for key in earlier if key in later}
    came = [key for key in later if key not in again and key not in came_back]
    unsure = [key for key in came if kin(identity, key, earlier)]
    left = [cause for key, cause in earlier.items() if not kin(identity, key, later)]
    tried, completed = same.tried(), same.completed()
    return CauseChanges(
        gone=tuple(cause for cause in left if cause.key in completed),
        replaced=tuple(
            cause for cause in left if cause.key in tried and cause.key not in completed
        ),
        untried=tuple(cause for cause in left if cause.key not in tried),
        still=tuple(later[key] for key in later if key in again and key not in came_back),
        new=tuple(later[key] for key in came if key not in unsure),
        regressed=tuple(cause for key, cause in later.items() if key in came_back),
        may_be=tuple(later[key] for key in unsure),
    )


def _by_key(side: Iterable[CauseCount]) -> dict[str, CauseCount]:
    """Causes that have a key; of two with the same one the first counts."""
    found: dict[str, CauseCount] = {}
    for cause in side:
        if cause.key:
            found.setdefault(cause.key, cause)
    return found


def _planned_causes(same: Pairs) -> Iterable[CauseCount]:
    """Causes before that have no attempt here, only the word of a plan."""
    counts: Counter[FingerprintSummary] = Counter()
    for move in same.moves:
        if move.was_cause is not None:
            counts[move.was_cause] += move.phases
    return [CauseCount(cause.key, cause.title, cause.status, n) for cause, n in counts.items()]


def _notes(same: Pairs, change: Difference) -> tuple[str, ...]:
    notes = []
    if change.selected:
        notes.append(SELECTED)
    if same.from_plan:
        notes.append(
            f"For {same.from_plan} of {counted(same.n, 'phase')} the state before is the drain's plan: "
            "they had no attempt on the side before."
        )
    return tuple(notes)


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"
