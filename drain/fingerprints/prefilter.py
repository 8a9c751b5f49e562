"""Patterns of many alternatives, of which only those are searched that have one of their literals in the
text.

A pattern of a hundred alternatives is slow because each is tried at every letter; ``str.find`` is not. As in
RE2's FilteredRE2 (Cox, *Regular Expression Matching in the Wild*, 2010) the literals are read off the pattern
itself, so nobody has to keep a list beside it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# A letter alone is nearly everywhere.
_LEAST = 2
# So are the words by which a failure calls itself one.
_EVERYWHERE = ("error", "fail", "failed", "failure", "exception", " not found", "not ")
# One step of a pattern: an escape, a class, the head of a group, the end of one, a quantifier, or a letter.
_STEP = re.compile(
    r"\\(?P<escape>.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?(?:P<\w+>|[:=!]|<[=!]))?)|(?P<close>\))|(?P<or>\|)"
    r"|(?P<many>[*?]\??|\{[^}]*\}\??)|(?P<plus>\+\??)|(?P<other>[.^$])|(?P<letter>.)",
    re.DOTALL,
)
_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
Literals = frozenset[str]


class _Alternative(NamedTuple):
    """One alternative of a pattern: a word as it stands, or a pattern with the literals to look for first."""

    literals: tuple[str, ...] | None
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, source: str) -> _Alternative:
        """The alternative that ``source`` spells."""
        steps = [*_STEP.finditer(source)]
        if steps and all(map(_letter, steps)):
            return cls(("".join(map(_letter, steps)),), None)
        return cls(literals(source), re.compile(source))

    def search(self, text: str) -> str:
        """The first match; empty without one."""
        if self.literals is not None:
            for literal in self.literals:
                if literal in text:
                    break
            else:
                return ""
            if self.pattern is None:
                return literal
        found = self.pattern.search(text) if self.pattern else None
        return found.group() if found else ""


class Prefiltered:
    """A pattern that minds the case of letters, taken apart; it matches where the pattern does."""

    __slots__ = ("_literals", "alternatives", "source")

    def __init__(self, source: str) -> None:
        """``source`` as for ``re.compile``."""
        self.source = source
        self.alternatives = [_Alternative.of(each) for each in _split(source)]
        # Those of all alternatives, or one that every text holds.
        self._literals = [one for each in self.alternatives for one in each.literals or ("",)]

    def search(self, text: str) -> str:
        """Return the match of the first alternative that is in ``text``; empty without one."""
        for literal in self._literals:
            if literal in text:
                return next(filter(None, (each.search(text) for each in self.alternatives)), "")
        return ""


class PatternSet:
    """Patterns of which one look at a text tells the few alternatives that could match it.

    Of each literal its rarest three letters stand in an index, as in a search of code by trigrams (Cox,
    *Regular Expression Matching with a Trigram Index*, 2012).
    """

    __slots__ = ("_alternatives", "_always", "_by_letters", "_letters")

    def __init__(self, patterns: Sequence[Prefiltered]) -> None:
        """The patterns are known by their numbers."""
        self._alternatives = [
            (number, alternative)
            for number, pattern in enumerate(patterns)
            for alternative in pattern.alternatives
        ]
        told = [alternative.literals or ("",) for _, alternative in self._alternatives]
        every = Counter(three for each in told for literal in each for three in _threes(literal))
        by_letters: dict[_Three, set[int]] = defaultdict(set)
        always = set()
        for place, each in enumerate(told):
            for literal in each:
                threes = [*_threes(literal)]
                if threes:
                    by_letters[min(threes, key=lambda three: (every[three], three))].add(place)
                else:
                    always.add(place)
        self._always = frozenset(always)
        self._by_letters = dict(by_letters)
        self._letters = frozenset(by_letters)

    def matching(self, text: str) -> Iterator[tuple[int, str]]:
        """Numbers of the patterns that match ``text`` and what they match, in order, when asked for."""
        for place in self.asked(text):
            number, alternative = self._alternatives[place]
            found = alternative.search(text)
            if found:
                yield number, found

    def asked(self, text: str) -> list[int]:
        """The places of the alternatives that could match ``text``, in order."""
        met = self._letters.intersection(_threes(text))
        return sorted(self._always.union(*[self._by_letters[three] for three in met]))


_Three = tuple[str, str, str]


def _threes(text: str) -> Iterator[_Three]:
    """Every three letters that stand side by side."""
    return zip(text, text[1:], text[2:], strict=False)


def _letter(step: re.Match[str]) -> str:
    """The letter that a step of a pattern stands for; empty when it may be another one, or none."""
    plain = step.lastgroup == "letter" or (
        step.lastgroup == "escape" and not step["escape"].isalnum()
    )
    return step.group()[-1] if plain else ""


def _split(source: str) -> list[str]:
    """The alternatives that a pattern is made of."""
    depth, start, found = 0, 0, []
    for step in _STEP.finditer(source):
        if step.lastgroup == "or" and not depth:
            found.append(source[start : step.start()])
            start = step.end()
        depth += (step.lastgroup == "open") - (step.lastgroup == "close")
    return [*found, source[start:]]


def literals(pattern: str) -> tuple[str, ...] | None:
    """Strings of which every match holds at least one; None when no such strings can be told."""
    found = _alternatives(list(_STEP.finditer(pattern)), 0)[0]
    if found is None:
        return None
    # What holds another one is found with it.
    return tuple(sorted(one for one in found if not any(other in one for other in found - {one})))


def _alternatives(steps: list[re.Match[str]], at: int) -> tuple[Literals | None, int]:
    """The literals of a group that begins at ``at``, and the step after it."""
    found: list[Literals | None] = []
    needed: list[Literals] = []
    run = ""
    while True:
        step = steps[at] if at < len(steps) else None
        kind = step.lastgroup if step else "close"
        text = step.group() if step else ")"
        at += 1
        if step and _letter(step):
            run += text[-1]
            continue
        if kind == "many":
            run = run[:-1]
        needed.append(frozenset({run}))
        run = ""
        if kind == "open":
            inner, at = _alternatives(steps, at)
            optional = at < len(steps) and steps[at].lastgroup == "many"
            if inner and not optional and not text.startswith(_AROUND):
                needed.append(inner)
        elif kind in ("or", "close"):
            best = max(needed, key=_rarity)
            found.append(best if min(map(len, best)) >= _LEAST else None)
            needed = []
            if kind == "close":
                break
    every = [each for each in found if each is not None]
    return (frozenset().union(*every) if len(every) == len(found) else None), at


def _rarity(found: Literals) -> tuple[bool, int]:
    """Return the rank of literals of which a match holds one: the more telling they are the higher."""
    least = min(map(len, found))
    return least >= _LEAST and found.isdisjoint(_EVERYWHERE), least
