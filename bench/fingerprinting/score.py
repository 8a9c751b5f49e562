"""Scores of a grouping: grouping accuracy as logpai defines it, and precision and recall over pairs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Score(NamedTuple):
    """Grouping accuracy (share of texts whose group is exactly right), pair scores, numbers of groups."""

    accuracy: float
    precision: float
    recall: float
    groups: int
    wanted: int

    @property
    def f1(self) -> float:
        """Harmonic mean of pair precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(labels: Sequence[str], keys: Sequence[str]) -> Score:
    """Return the agreement of the keys with the groups of the labels."""
    wanted, got = defaultdict(list), defaultdict(list)
    for index, (label, key) in enumerate(zip(labels, keys, strict=True)):
        wanted[label].append(index)
        got[key].append(index)
    exact = {tuple(group) for group in wanted.values()}
    accuracy = sum(len(group) for group in got.values() if tuple(group) in exact) / len(labels)
    both = _pairs(Counter(zip(labels, keys, strict=True)).values())
    claimed, true = _pairs(map(len, got.values())), _pairs(map(len, wanted.values()))
    return Score(
        accuracy,
        both / claimed if claimed else 1.0,
        both / true if true else 1.0,
        len(got),
        len(wanted),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
