"""Patterns that are only searched where one of their literals is there.

A pattern of a hundred alternatives is slow because each is tried at every letter; ``str.find`` is not. As in
RE2's FilteredRE2 (Cox, *Regular Expression Matching in the Wild*, 2010) the literals are read off the pattern
itself, so nobody has to keep a list beside it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

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


class Prefiltered:
    """A compiled pattern that looks for its literals first; it finds what the pattern finds."""

    __slots__ = ("_literals", "pattern")

    def __init__(self, pattern: re.Pattern[str]) -> None:
        """``pattern`` minds the case of letters."""
        self.pattern = pattern
        self._literals = literals(pattern.pattern)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in ``text``."""
        if self._literals is not None:
            for literal in self._literals:
                if literal in text:
                    break
            else:
                return None
        return self.pattern.search(text)


class PatternSet:
    """Patterns of which one look at a text tells the few that could match it.

    Of each literal its rarest three letters stand in an index, as in a search of code by trigrams (Cox, *Regular
    Expression Matching with a Trigram Index*, 2012).
    """

    __slots__ = ("_always", "_by_letters", "_letters")

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        """``patterns`` mind the case of letters."""
        told = [literals(each.pattern) or ("",) for each in patterns]
        every = Counter(three for each in told for literal in each for three in _threes(literal))
        by_letters: dict[_Three, set[int]] = defaultdict(set)
        always = set()
        for number, each in enumerate(told):
            for literal in each:
                threes = [*_threes(literal)]
                if threes:
                    by_letters[min(threes, key=lambda three: (every[three], three))].add(number)
                else:
                    always.add(number)
        self._always = frozenset(always)
        self._by_letters = dict(by_letters)
        self._letters = frozenset(by_letters)

    def numbers(self, text: str) -> list[int]:
        """The numbers of the patterns that could match ``text``, in order."""
        met = self._letters.intersection(_threes(text))
        return sorted(self._always.union(*[self._by_letters[three] for three in met]))


_Three = tuple[str, str, str]


def _threes(text: str) -> Iterator[_Three]:
    """Every three letters that stand side by side."""
    return zip(text, text[1:], text[2:], strict=False)


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
        if kind == "letter" or (kind == "escape" and not text[1].isalnum()):
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
    """Of literals that a match holds one of each: the more telling they are the higher."""
    least = min(map(len, found))
    return least >= _LEAST and found.isdisjoint(_EVERYWHERE), least
