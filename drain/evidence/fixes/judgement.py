"""The verdict on a fix from the phases around it: the one answer for pages, reports, checks and commands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from drain.evidence.comparison.sides import earlier_fix, next_fix
from drain.evidence.fingerprints.aliases import causes, resolve_keys
from drain.evidence.fingerprints.identity import FingerprintIdentity, identities, related
from drain.evidence.fingerprints.splitting import parts
from drain.evidence.fixes import reading, sentences
from drain.evidence.fixes.reading import FixScope, Left
from drain.evidence.fixes.rollout import Untried
from drain.evidence.fixes.trials import Earlier, FixWindow, Trials, Tried, trials_of
from drain.evidence.fixes.verdict import (
    CauseVerdict,
    Evidence,
    FixDemands,
    Others,
    Ruling,
    judge,
    together,
)
from drain.models import FixMarker
from drain.models.vocabulary import CheckVerdict

_STANDS = {Ruling.WORKS: CheckVerdict.PASS, Ruling.DOES_NOT_WORK: CheckVerdict.FAIL}


class Each(NamedTuple):
    """The verdict on a fix for one of its fingerprints."""

    words: str
    key: str
    title: str
    sentence: str


def each_of(causes: Sequence[Mapping[str, Any]]) -> tuple[Each, ...]:
    """Causes of a verdict in words, from its plain values."""
    if len(causes) < 2:
        return ()
    return tuple(
        Each(sentences.WORDS[Ruling(one["ruling"])], one["key"], one["title"], one["sentence"])
        for one in causes
    )


@dataclass(frozen=True, slots=True)
class FixVerdict:
    """The verdict on a fix, with the facts it rests on."""

    ruling: Ruling
    causes: tuple[CauseVerdict, ...]
    limits: FixDemands
    left: Left

    @property
    def words(self) -> str:
        """The text of its badge."""
        return sentences.WORDS[self.ruling]

    @property
    def sentence(self) -> str:
        """The verdict with its numbers, and who was left out of it."""
        return sentences.fix(
            self.causes, self.ruling, self.limits, self.left.failing, self.left.untried
        )

    @property
    def short(self) -> str:
        """The same where `each` stands beside it."""
        return sentences.short(
            self.causes, self.ruling, self.limits, self.left.failing, self.left.untried
        )

    @property
    def each(self) -> tuple[Each, ...]:
        """The verdict for each of several fingerprints; empty for one, of which the sentence says all."""
        return each_of([_cause(one) for one in self.causes])

    @property
    def others(self) -> Others | None:
        """Phases of causes that the fix does not touch; None where none was tried on both sides."""
        return next((one.others for one in self.causes if one.others is not None), None)

    @property
    def check(self) -> CheckVerdict:
        """The same as the verdict of a check: only what works passes."""
        return _STANDS.get(self.ruling, CheckVerdict.NOT_ENOUGH_DATA)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "ruling": self.ruling.value,
            "check": self.check.value,
            "words": self.words,
            "sentence": self.sentence,
            "short": self.short,
            "majority": self.limits.majority,
            "gain": self.limits.gain,
            "still_failing": self.left.failing,
            "untried": self.left.untried,
            "causes": [_cause(one) for one in self.causes],
        }


def judge_marker(marker: FixMarker) -> FixVerdict:
    """The verdict on a fix over everything since it, or until the next fix of one of its causes.

    One that names a source or runs and no cause is judged by those that most phases there failed by before
    it.
    """
    keys, scope = _meant_by(marker)
    return judge_keys(keys, scope, FixDemands(marker.majority, marker.gain))


def untried_since(marker: FixMarker, most: int) -> list[Untried]:
    """Phases failed by what a fix is about and not tried since, with the cause; at most `most`."""
    keys, scope = _meant_by(marker)
    groups = _groups(keys)
    found = reading.untried(FixScope(sorted(groups), scope.window, scope.source, scope.runs), most)
    return [Untried(phase, run, groups[key]) for phase, run, key in found]


def earlier(marker: FixMarker) -> Earlier | None:
    """The fix before this one that may have been what ended the same failures; None where there is none."""
    found = earlier_fix(marker)
    if found is None:
        return None
    keys = found.fingerprints.values_list("key", flat=True)
    return Earlier(found.pk, found.applied_at, frozenset(keys), found.source_id)


def _meant_by(marker: FixMarker) -> tuple[tuple[str, ...], FixScope]:
    """The keys that a marker is judged by and its scope, without them."""
    window = FixWindow(marker.applied_at, next_fix(marker), earlier(marker))
    scope = FixScope((), window, marker.source_id, tuple(marker.run_ids))
    keys = tuple(marker.fingerprints.order_by("key").values_list("key", flat=True))
    if not keys and (scope.source is not None or scope.runs):
        keys = reading.causes_before(scope)
    return keys, scope


def judge_keys(
    keys: Sequence[str], scope: FixScope, limits: FixDemands | None = None
) -> FixVerdict:
    """The verdict on a fix of these causes within a scope, whose own keys are not looked at."""
    limits = limits or FixDemands()
    groups = _groups(keys)
    if not groups:
        return FixVerdict(Ruling.NOT_ENOUGH_DATA, (), limits, Left(0, 0, {}))
    scope = FixScope(sorted(groups), scope.window, scope.source, scope.runs)
    affected = reading.affected_phases(scope)
    met: set[tuple[str, str]] = set()
    found = _trials(_noted(reading.tried_of_causes(scope, affected), met), groups, scope.window)
    tried = bool(found.after)
    sorts = {(int(place.partition("/")[0] or 0), category) for place, category in met}
    others = _others(scope, affected, groups, sorts) if tried else None
    known = causes(groups.values())
    left = reading.left(scope)
    at_source = Counter[str]()
    for key, phases in left.at_source.items():
        at_source[groups[key]] += phases
    done = reading.completed_before(scope, sorts) if tried else []
    verdicts = tuple(
        judge(
            Evidence(
                key,
                known[key].title,
                found.after.get(key, ()),
                found.before.get(key, ()),
                known[key].category,
                done,
                at_source[key],
                found.unended.get(key, ()),
                _rival(scope.window.earlier, groups, key),
            ),
            others,
            limits,
        )
        for key in sorted(set(groups.values()))
    )
    return FixVerdict(together(verdicts), verdicts, limits, left)


def _rival(fix: Earlier | None, groups: Mapping[str, str], cause: str) -> Earlier | None:
    """The earlier fix, if it was for this cause or for all that its source or runs failed by."""
    if fix is None or not fix.keys or cause in {groups.get(key) for key in fix.keys}:
        return fix
    return None


def _groups(keys: Sequence[str]) -> dict[str, str]:
    """Every stored key that is or may be one of these causes → the cause that it is judged with.

    Causes that may be one are judged as one. What may be several that surely differ is judged by itself:
    with one of them its past would stand for that of the other.
    """
    kin = related({cause.key for cause in causes(keys).values()})
    own = {key: root for root, found in kin.items() for key in found.certain}
    near = {
        root: {root, *(own[key] for key in found.possible if key in own)}
        for root, found in kin.items()
    }
    group = {root: min(one for one in near[root] if near[one] == near[root]) for root in kin}
    may_be: dict[str, set[str]] = defaultdict(set)
    for root, found in kin.items():
        for key in found.possible:
            may_be[key].add(group[root])
    several = resolve_keys(key for key, found in may_be.items() if len(found) > 1)
    return {key: several.get(key) or min(found) for key, found in may_be.items()} | {
        key: group[root] for key, root in own.items()
    }


def _trials(attempts: Any, groups: Mapping[str, str], window: FixWindow) -> Trials:
    # A plan of before a split knows the whole alone;
    # what fails by a part then may have failed by that part before.
    split = parts()
    alike = {
        key: {*found.all, *(part for one in found.certain for part in split.get(one, ()))}
        for key, found in related(groups).items()
    }

    def same(key: str, had: str) -> bool:
        return key in alike.get(had, ())

    return trials_of(attempts, lambda key: groups.get(key, ""), same, window)


def _noted(attempts: Iterable[Tried], met: set[tuple[str, str]]) -> Iterator[Tried]:
    """The same, with where each was tried and the category of its phase put into `met`:
    once more it is long to read.
    """
    for tried in attempts:
        met.add((tried.place, tried.category))
        yield tried


def _others(
    scope: FixScope, affected: Sequence[int], groups: Mapping[str, str], sorts: reading.Sorts
) -> Others | None:
    tried = reading.tried_of_others(scope, affected, sorts)
    known = identities(key for one in tried for key in (one.key, one.planned))
    found = trials_of(tried, lambda key: groups.get(key, ""), _same(known), scope.window)
    return Others.of(found.before.get("", ()), found.after.get("", ()))


def _same(known: Mapping[str, FingerprintIdentity]) -> Callable[[str, str], bool]:
    def same(one: str, other: str) -> bool:
        return bool(one and other) and known[one].may_be(known[other])

    return same


def _cause(one: CauseVerdict) -> dict[str, Any]:
    sides = {"after": one.after, "before": one.before}
    if one.others is not None:
        sides |= {"others_before": one.others.before, "others_after": one.others.after}
    return {
        "key": one.key, "title": one.title, "ruling": one.ruling.value, "enough": one.enough,
        "failed_by_another": one.moved, "failed_at_source": one.at_source,
        "unended": one.unended, "doubt": one.doubt, "sentence": sentences.cause(one),
        **{name: {**side._asdict(), "share": side.share} for name, side in sides.items()},
    }  # fmt: skip
