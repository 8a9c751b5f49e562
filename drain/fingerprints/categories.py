"""The category of a failure, from its codes, its type and its words by the rules of ``evidence``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from drain.fingerprints.evidence import LAST_RULES, RULES, Rule
from drain.fingerprints.model import Category
from drain.fingerprints.prefilter import PatternSet

C = Category


class Verdict(NamedTuple):
    """A category, the rule and the words that decided it, and whether the place counts."""

    category: Category
    rule: str
    words: str
    everywhere: bool


class _Rules:
    """A table of rules with the index of what could match."""

    __slots__ = ("patterns", "table")

    def __init__(self, *table: Rule) -> None:
        self.table = table
        self.patterns = PatternSet([rule.pattern for rule in table])


_FIRST, _LAST, _ALL = _Rules(*RULES), _Rules(*LAST_RULES), _Rules(*RULES, *LAST_RULES)
# The words of a type's name, the last one first:
# SqlTimeoutException is a time, HttpConnectionError a connection.
_BY_WORD = {
    word: category
    for category, names in (
        (C.TIMEOUT, "timeout deadline expired"),
        (C.OUT_OF_MEMORY, "memory heap"),
        (C.RATE_LIMIT, "throttling throttled throttle quota limit limits ratelimit capacity overload overloaded exhausted"),
        (C.AUTH, "auth authentication authorization authorisation credential credentials login security permission access unauthorized forbidden cryptographic crypto signature password"),
        (C.DATABASE, "sql psql database db query transaction table cursor orm persistence entity migration deadlock"),
        (C.NETWORK, "connection connect network socket http https url uri host dns ssl tls transport rpc grpc remote proxy gateway channel communication communications unavailable disconnected api bind protocol server"),
        (C.DISK, "io os eof file path directory disk filesystem storage volume mount zip archive"),
        (C.KILLED, "interrupted interrupt cancelled canceled cancellation abort aborted shutdown killed terminated signal"),
        (C.SYNTAX, "syntax parse parser parsing lexer grammar"),
        (C.BUILD, "compile compilation compiler build linker link"),
        (C.DEPENDENCY, "dependency dependencies package resolution requirement plugin installation"),
        (C.IMPORT, "import module classloader linkage dll"),
        (C.ASSERTION, "assertion expectation"),
        (C.TYPE, "argument value type key index name attribute cast format null range arithmetic lookup state operation property conversion number encoding"),
        (C.TYPE, "decoding unicode json yaml xml schema validation validator reflection implemented supported element disposed initializer parameter field"),
        (C.TYPE, "option configuration config method member array stack enum domain length regex regexp template render rendering undefined missing mismatch date time serialization serializable iteration rank clone input frozen precondition buffer"),
    )
    for word in names.split()
}  # fmt: skip
_EXIT = re.compile(
    r"\b(?:exit(?:ed)?(?: with)?(?: code| status)?|code|status|rc|returned(?= -))[^\w-]{1,3}(-?\d{1,3})\b",
    re.IGNORECASE,
)
# 128 and the number of the signal that ended it: what a shell returns, as timeout (1) does 124;
# other parents negate it.
_SIGNALS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 24, 25, 31)
_BY_EXIT = {124: C.TIMEOUT, 126: C.DISK, 127: C.DEPENDENCY} | {
    number: C.KILLED for signal in _SIGNALS for number in (128 + signal, -signal)
}
# errno.h as Linux numbers it, where a program prints the number alone.
_ERRNO = re.compile(r"\b(?:errno|os error)\W{1,3}(\d{1,3})\b")
_BY_ERRNO = {
    number: category
    for category, numbers in (
        (C.DISK, (2, 5, 6, 9, 13, 16, 17, 18, 19, 20, 21, 23, 24, 26, 27, 28, 30, 36, 39, 40, 116, 122)),
        (C.NETWORK, (32, 98, 99, 100, 101, 102, 103, 104, 107, 111, 112, 113)),
        (C.TYPE, (7, 14, 22, 33, 34, 75, 84, 95)),
        (C.KILLED, (3, 4, 10, 125)),
        (C.OUT_OF_MEMORY, (12,)),
        (C.RATE_LIMIT, (11,)),
        (C.TIMEOUT, (62, 110)),
        (C.AUTH, (126, 127, 128, 129)),
    )
    for number in numbers
}  # fmt: skip
# sysexits.h (BSD), asked last: other programs use these numbers as they like.
_BY_SYSEXIT = {
    64: C.TYPE, 65: C.TYPE, 66: C.DISK, 67: C.AUTH, 68: C.NETWORK, 69: C.NETWORK, 72: C.DISK, 73: C.DISK, 74: C.DISK, 76: C.NETWORK, 77: C.AUTH, 78: C.TYPE,
}  # fmt: skip


@lru_cache(maxsize=4096)
def categorise(
    kind: str,
    message: str,
    cause: str = "",
    hint: str = "",
    *,
    test: bool = False,
    beneath: str = "",
) -> Verdict:
    """The first rule whose words stand in the failure, else in its cause; ``hint`` is what its reader knows.

    ``beneath`` is a cause that is no part of the key: it is asked when nothing else tells.
    """
    words = f"{kind}: {message[:600]}" if kind else message[:600]
    if hint and hint != C.BUILD:
        return Verdict(C(hint), "the reader", hint, hint == C.COLLECTION)
    words = words.lower()
    texts = [text for text in (words, cause[:300].lower()) if text]
    verdict = _first(texts, _FIRST, hint)
    if verdict:
        return verdict
    if hint:
        return Verdict(C(hint), "the form of a compiler's line", "", False)
    found = _EXIT.search(words)
    if found and int(found[1]) in _BY_EXIT:
        return Verdict(_BY_EXIT[int(found[1])], "an exit code", found.group(), False)
    if test:
        return Verdict(C.ASSERTION, "a failing test", "", False)
    last = (
        _first([beneath[:300].lower()], _FIRST)
        or _first(texts, _LAST)
        or _by_type(kind)
        or _first(map(_spelt, (f"{kind}: {message[:600]}", cause[:300])), _ALL)
    )
    if last:
        return last._replace(everywhere=False)
    if numbered := _by_number(words, found):
        return numbered
    return Verdict(C.OTHER if (kind or message) else C.UNKNOWN, "no rule", "", False)


def _by_number(words: str, ended: re.Match[str] | None) -> Verdict | None:
    """Return the verdict for a number of errno.h, or for an exit code of sysexits.h."""
    number = _ERRNO.search(words)
    if number and int(number[1]) in _BY_ERRNO:
        return Verdict(_BY_ERRNO[int(number[1])], "a number of errno.h", number.group(), False)
    if ended and int(ended[1]) in _BY_SYSEXIT:
        category = _BY_SYSEXIT[int(ended[1])]
        return Verdict(category, "an exit code of sysexits.h", ended.group(), False)
    return None


def _by_type(kind: str) -> Verdict | None:
    """Return the verdict for the last telling word of a type's name."""
    for word in reversed(_spelt(kind).split()):
        if word in _BY_WORD:
            return Verdict(_BY_WORD[word], "a word in the name of the type", word, False)
    return None


_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\w)_(?=\w)")


def _spelt(text: str) -> str:
    """Names in a text as the words they are made of: ServiceUnavailableException, QUEUE_DOES_NOT_EXIST."""
    return _JOINT.sub(" ", text).replace("_", " ").lower()


# What a compiler says of missing files, modules and types is still the compiler's.
_BESIDE_A_COMPILER = frozenset({C.IMPORT, C.SYNTAX, C.OUT_OF_MEMORY})


def _first(texts: Iterable[str], rules: _Rules, hint: str = "") -> Verdict | None:
    """The first rule that matches the first text, else the next; beside a compiler's line few rules count."""
    for text in texts:
        for number, found in rules.patterns.matching(text):
            rule = rules.table[number]
            if not hint or rule.category in _BESIDE_A_COMPILER:
                return Verdict(rule.category, rule.name, found[:80], rule.everywhere)
    return None
