"""Causes that are likely one: they differ in one value-like place, or one of them lacks its place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from drain.fingerprints.naming.template import PLACE

# More causes than this with one skeleton are a kind of failure, not one cause in two wordings.
_MOST_ALIKE = 12
_WORD = re.compile(r"\S+")
# Digits, a placeholder, signs inside: nobody's plain word.
_VALUE = re.compile(r"\d|<[a-z]+>|[A-Za-z][A-Z][a-z]|\w[@#$%=~]\w")
_WORDS = 80


class ComparedFingerprint(NamedTuple):
    """The compared part of a fingerprint: its key, template, headline and whether its place is known."""

    key: str
    template: str
    headline: str
    place_known: bool


class Likeness(NamedTuple):
    """Two keys that are likely one cause, and why in a sentence."""

    one: str
    other: str
    why: str


def likely_same(causes: Iterable[ComparedFingerprint]) -> list[Likeness]:
    """Pairs of causes that are likely one, each once, in a stable order.

    What is likely is shown to a person and merges nothing by itself.
    """
    found = sorted(set(causes))
    pairs: dict[tuple[str, str], str] = {}
    for one, other, why in (*_by_place(found), *_by_value(found)):
        pairs.setdefault((min(one, other), max(one, other)), why)
    return [Likeness(one, other, why) for (one, other), why in sorted(pairs.items())]


def _by_place(causes: list[ComparedFingerprint]) -> Iterator[Likeness]:
    by_headline = defaultdict(list)
    for cause in causes:
        by_headline[cause.headline].append(cause)
    for alike in by_headline.values():
        for one, other in combinations(alike[:_MOST_ALIKE], 2):
            if one.place_known != other.place_known:
                yield Likeness(
                    one.key,
                    other.key,
                    "Type and message are the same, and the place is known of one only.",
                )


def _by_value(causes: list[ComparedFingerprint]) -> Iterator[Likeness]:
    by_rest: dict[tuple[str, ...], list[tuple[ComparedFingerprint, str]]] = defaultdict(list)
    for cause in causes:
        words = _WORD.findall(cause.template)[:_WORDS]
        for index, word in enumerate(words):
            if _VALUE.search(word) and word != PLACE.strip():
                by_rest[(*words[:index], "", *words[index + 1 :])].append((cause, word))
    for alike in by_rest.values():
        if len(alike) > _MOST_ALIKE:
            continue
        for (one, first), (other, second) in combinations(alike, 2):
            if first != second:
                yield Likeness(
                    one.key,
                    other.key,
                    f"They differ in one place only: “{first[:60]}” and “{second[:60]}”.",
                )
