"""Patterns that are only searched where one of their literals is there.

A pattern of a hundred alternatives is slow because each is tried at every letter; ``str.find`` is not. As in
RE2's FilteredRE2 (Cox, *Regular Expression Matching in the Wild*, 2010) the literals are read off the pattern
itself, so nobody has to keep a list beside it.
"""

from __future__ import annotations

import re

# Shorter ones are nearly everywhere.
_LEAST = 3
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
            best = max(needed, key=lambda each: min(map(len, each)))
            found.append(best if min(map(len, best)) >= _LEAST else None)
            needed = []
            if kind == "close":
                break
    every = [each for each in found if each is not None]
    return (frozenset().union(*every) if len(every) == len(found) else None), at
