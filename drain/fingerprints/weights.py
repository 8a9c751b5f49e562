"""Weights of records as the cause of a phase's end: an ordered table of rules, first match decides."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from drain.fingerprints.forms import is_diagnostic, is_named_error, without_lead
from drain.fingerprints.readers.lines import Level
from drain.fingerprints.readers.python import EXCEPTION_LINE
from drain.fingerprints.signs import (
    ends_in_failure,
    goes_on,
    is_aside,
    is_routine,
    is_warning,
    says_failure,
)
from drain.fingerprints.words import is_wrapper, own_words


class Weight(IntEnum):
    """The weight of a record as the cause of a phase's end; the heaviest record is the cause."""

    # Work that went well or goes on.
    ROUTINE = 0
    # Explains another line or advises what to do.
    ASIDE = 1
    # Words without a sign of failure.
    PLAIN = 2
    # Calls itself a warning.
    WARNING = 3
    # Only says that something else failed.
    WRAPPER = 4
    # A warning that tells of a failure, or a failure told below the level of warnings.
    MENTION = 5
    # Has a word for what went wrong.
    TOLD = 6
    # Named as an error: by level, by lead, by type, by the form of a compiler.
    NAMED = 7
    # An error with the stack it came from.
    STACK = 8
    # A failing test.
    TEST = 9


class Weighed(NamedTuple):
    """The weight of a line, the rule that gave it, and whether the line ends its phase for certain."""

    weight: Weight
    rule: str
    final: bool = False


class _Line(NamedTuple):
    text: str
    level: Level
    failing: bool


class _Rule(NamedTuple):
    name: str
    weight: Weight
    holds: Callable[[_Line], bool]
    final: bool = False


def _is_routine(line: _Line) -> bool:
    return (
        line.level < Level.ERROR
        and is_routine(line.text)
        and not (line.failing and (is_named_error(line.text) or ends_in_failure(line.text)))
    )


def _warns(line: _Line) -> bool:
    return line.level == Level.WARNING or (line.level != Level.ERROR and is_warning(line.text))


def _warns_of_failure(line: _Line) -> bool:
    return line.failing and _warns(line) and own_words(line.text) > 2 and "eprecat" not in line.text


def _begins_with_type(text: str) -> bool:
    """Return whether a line begins with an error's type and its message says more than that something else
    failed.
    """
    found = EXCEPTION_LINE.match(text)
    if not found or is_wrapper(text):
        return False
    message = text[found.end() + 1 :].strip()
    return not message or not is_wrapper(message)


_RULES = (
    _Rule("explains or advises", Weight.ASIDE, lambda line: is_aside(line.text)),
    _Rule("work that went well or goes on", Weight.ROUTINE, _is_routine),
    _Rule("a warning that tells of a failure", Weight.MENTION, _warns_of_failure),
    _Rule("a warning", Weight.WARNING, _warns),
    _Rule("says that work goes on in spite of it", Weight.MENTION, lambda line: line.failing and goes_on(line.text)),
    _Rule("a compiler's line", Weight.NAMED, lambda line: is_diagnostic(line.text), final=True),
    _Rule("below the level of warnings", Weight.ROUTINE, lambda line: line.level == Level.BELOW and not line.failing),
    _Rule("no word of failure", Weight.PLAIN, lambda line: line.level < Level.ERROR and not line.failing),
    _Rule(
        "begins with the type of an error",
        Weight.NAMED,
        lambda line: _begins_with_type(line.text),
    ),
    _Rule(
        "only says that something else failed, below the level of warnings",
        Weight.PLAIN,
        lambda line: line.level == Level.BELOW and is_wrapper(line.text),
    ),
    _Rule("only says that something else failed", Weight.WRAPPER, lambda line: is_wrapper(line.text)),
    _Rule("a failure told below the level of warnings", Weight.MENTION, lambda line: line.level == Level.BELOW),
    _Rule("has no word of its own", Weight.WRAPPER, lambda line: not own_words(without_lead(line.text))),
    _Rule("has fewer than two words of its own", Weight.TOLD, lambda line: own_words(without_lead(line.text)) < 2),
    _Rule(
        "named as an error",
        Weight.NAMED,
        lambda line: line.level == Level.ERROR or is_named_error(line.text),
    ),
)  # fmt: skip


@lru_cache(maxsize=4096)
def weigh(text: str, level: Level) -> Weighed:
    """The weight of a line that stands for itself."""
    line = _Line(text, level, says_failure(text))
    for rule in _RULES:
        if rule.holds(line):
            return Weighed(rule.weight, rule.name, rule.final)
    return Weighed(Weight.TOLD, "has a word for what went wrong")
