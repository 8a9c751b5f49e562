"""Finds failing tests in the report of any runner: a mark of failure beside the name of a test.

A report is a header that names a test and a text of its own, before or after the header.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from drain.fingerprints.words import is_wrapper, own_words

_MARK = r"(?:FAIL(?:ED|URE)?|Failed|ERROR|FAILURE)"
_MARK_BEFORE = r"(?:FAIL(?:ED|URE)?|Failed|FAILURE)"
_CROSS = "\u25cf\u2715\u2717\u2718\u2716\u00d7\u274c\u2a2f"

# A mark, then the name: --- FAIL: TestZone/UTC | not ok 3 - sums | ● cart \u203a sums | ---- a::b stdout ----
_MARK_FIRST = re.compile(
    rf"\s{{0,12}}(?:--- FAIL: |not ok \d{{1,6}}(?: -)? |[{_CROSS}] {{1,4}}|ERROR: (?=\w{{1,100}} \([\w.]{{1,200}}\)$)|(?:\[\s{{0,3}}{_MARK_BEFORE}\s{{0,3}}\]|{_MARK_BEFORE}):?(?:\s{{1,4}}\[ {{0,4}}[\d.]+m?s\])?[ \t]{{1,4}}"
    r"|---- (?=\S{1,200} stdout)|Test [Cc]ase '(?=[^'\n]{1,200}' failed)|#\s{1,4}Failed test '?|(?:[Ff]ailure|[Ff]ailed|[Ee]rror) in (?:test|step|task|rule|check|case|scenario|stage|job|hook):? )(?P<s>\S.{0,300})$"
)
# The name, then a mark: com.acme.CartTest > total() FAILED | Cart Keeps Items   | FAIL |
_MARK_LAST = re.compile(
    rf"(?P<s>\S.{{1,250}}?)(?:\s{{1,4}}|\.{{2,80}} ?|\.\.\. )(?:{_MARK}\b(?! to\b)|\*\*\*(?:Failed|Exception|Timeout)|\[FAIL\]|\[E\]|\| FAIL \||<<< (?:FAILURE|ERROR)!)(?:\s{{1,9}}(?:in )?[\d.]+ ?\w{{1,4}}| \(.{{1,40}}\))?\s*$"
)
# 1) cart sums | 1) [chromium] and what follows its arrows: file, place, title
_NUMBERED = re.compile(r"\s{0,12}\d{1,4}\) (?P<s>\S.{0,300})$")
_XML_CASE = re.compile(r"\s{0,20}<testcase\b[^>]{0,600}")
_XML_NAME = re.compile(r"\b(classname|name)=\"([^\"]{1,200})\"")
_XML_FAILED = re.compile(r"<(?:failure|error)\b")

# What stands beside a name and is no part of it: times, places, arguments, drawn lines.
_NOISE = re.compile(
    r"\s*[\[(<]?\s?(?:Time elapsed: )?[\d.,]+ ?(?:m?s|sec|seconds)\b[\])>]?.*$|\s*[\u2500-\u257f\u23af=_-]{3,}\s*$|\s+stdout -+$|' failed.*$|\s+\(Failed\)$|\s*\.{3,}.*$|\t.*$|'$|\(\)$| \(see .*$|\s+\(\d+ tests?.*$"
)
_PLACE = re.compile(
    r"(?:\[\w{1,20}\] \u203a )?[\w./\\-]{1,200}\.\w{1,5}:\d{1,6}(?::\d{1,5})? \u203a |\[\w{1,20}\] \u203a |\s?\[?[\w./\\-]{1,200}:\d{1,6}\]?:?$|^\d{1,6}/\d{1,6} Test +#\d{1,6}: |^\d\d:\d\d \+\d+(?: ~\d+)? -\d+: |^\[ERROR\] |^test (?=\S+::)"
)
# A name: joined words, or words that a runner's mark set apart; no sentence about failing.
_JOINED = re.compile(
    r"[^\s:] [>\u203a] \S|^[^\s:]*\w[.:/#_]{1,2}\w\S*$|^\S*[a-z][A-Z]\S*$|^//\w\S*$|^\w{1,60}(?: \([\w.]{1,200}\))$|::"
)
_SENTENCE = re.compile(
    r"^(?:to|with|in|on|at|because|asserting|while|when|during|for|by|and|or|from|of|the|a|an|due|after|tests?|examples?)\b|\b(?:could not|cannot|unable|not found|because|failed with|exited|did not|no such|does not|exit code)\b|^(?:>|ninja|make|Error|//.*\.\w{1,4}:\d)|: .{0,40} ",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"^\W{0,4}\d{1,6} (?:of |out |tests?|failed|examples?)|^[\d\s,|]+$|^(?:Tests?|Test Files|Failures?):? ?\d"
)


# Without one of these no form above can match.
_MARKS = ("FAIL", "ailed", "ERROR", "not ok", "[E]", "***", "stdout", "rror in ", "ailure in ")
_CROSSED = re.compile(f"[{_CROSS}]")
_A_NUMBERED_LINE = re.compile(r"^\s{0,12}\d{1,4}\) ", re.MULTILINE)


_SURE = ("--- FAIL: ", "not ok ", "---- ", "Test ", "#", "Failure in ", "Failed in ", "Error in ")


class Header(NamedTuple):
    """A line that names a failing test; ``sure`` when the form leaves no doubt."""

    subject: str
    sure: bool
    # How many lines the name takes.
    lines: int = 1


def may_name_tests(text: str) -> bool:
    """Return whether a text has what every form of a header has;
    one look at all of it spares its lines theirs.
    """
    return (
        _holds_mark(text)
        or "<testcase" in text
        or (") " in text and bool(_A_NUMBERED_LINE.search(text)))
    )


@lru_cache(maxsize=4096)
def read_header(line: str, following: str, numbered: bool) -> Header | None:
    """The failing test that a line names; ``numbered`` when the report counts its failures."""
    if len(line) > 600:
        return None
    if numbered or (line[:2] == "  " and _deeper(line, following)):
        found = _NUMBERED.match(line)
        if found:
            if not own_words(found["s"]) and found["s"].endswith(":"):
                # 1) Failure: the name stands in the next line.
                named = _named(following, sure=True)
                return named and named._replace(lines=2)
            rest = _continued(line, following)
            named = _named(f"{found['s']} {rest}", sure=True)
            return named and named._replace(lines=2 if rest else 1)
    if line[:1] == "<" or "<testcase" in line:
        return _xml_case(line, following)
    return _marked(line) if _holds_mark(line) else None


def _holds_mark(text: str) -> bool:
    for mark in _MARKS:
        if mark in text:
            return True
    return not text.isascii() and bool(_CROSSED.search(text))


def _marked(line: str) -> Header | None:
    """The test in a line that a mark of failure begins or ends."""
    found = _MARK_FIRST.match(line)
    if found and line.lstrip()[:1] in _CROSS:
        # A cross marks tests, and errors in sentences of their own.
        told = found["s"]
        crossed = (
            _SENTENCE.search(told)
            or told.startswith("[ERR")
            or told.endswith(".")
            or is_wrapper(told)
        )
        return None if crossed else _named(found["s"], sure=True)
    if found:
        start = line.lstrip()
        sure = start.startswith(_SURE)
        return _named(found["s"], sure=sure)
    found = _MARK_LAST.match(line)
    return _named(found["s"], sure="|" in line or "***" in line or "[E]" in line) if found else None


def _deeper(line: str, following: str) -> bool:
    """Return whether the next line is indented clearly deeper."""
    return len(following) - len(following.lstrip()) > len(line) - len(line.lstrip()) + 2


def _continued(line: str, following: str) -> str:
    """The rest of a name that goes on in the next line, deeper and up to a colon."""
    return (
        following.strip().removesuffix(":")
        if _deeper(line, following)
        and following.endswith(":")
        and not _EXCEPTIONAL.match(following)
        else ""
    )


# [fail]: cart sums | [-] sums
_BRACKET = re.compile(r"\[(?:fail|x|-|!)\]:? ", re.IGNORECASE)
_EXCEPTIONAL = re.compile(r"\s*(?:[\w.]*(?:Error|Exception|Failure)\b|Failure/Error)")


def _named(raw: str, *, sure: bool) -> Header | None:
    name = _BRACKET.sub("", raw.strip(), count=1)
    for _ in range(3):
        shorter = _PLACE.sub("", _NOISE.sub("", name)).strip()
        if shorter == name or not shorter:
            break
        name = shorter
    name = name.rstrip("|: -").lstrip("|: ")
    if not name or _COUNTS.match(name):
        return None
    if not sure and (_SENTENCE.search(name) or not _JOINED.search(name)):
        return None
    return Header(name, sure)


def _xml_case(line: str, following: str) -> Header | None:
    found = _XML_CASE.match(line)
    if not found or not (_XML_FAILED.search(line) or _XML_FAILED.search(following)):
        return None
    names = dict(_XML_NAME.findall(found.group()))
    short = names.get("classname", "").rpartition(".")[2]
    return Header(f"{short}.{names.get('name', '')}".strip("."), True)


_XML_FAILURE = re.compile(r"<(?:failure|error)\b(?P<a>[^>]{0,2000})>(?P<text>[^<]{0,4000})")
_XML_ATTRIBUTE = re.compile(r"\b(message|type)=\"([^\"]{0,2000})\"")


def unwrap_xml(text: str) -> str:
    """The text of a failure element as a runner would have printed it."""
    found = _XML_FAILURE.search(text)
    if not found:
        return text
    parts = dict(_XML_ATTRIBUTE.findall(found["a"]))
    inner = found["text"].strip() or f"{parts.get('type', 'Failure')}: {parts.get('message', '')}"
    for mark, sign in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&apos;", "'"),
        ("&#10;", "\n"),
        ("&amp;", "&"),
    ):
        inner = inner.replace(mark, sign)
    return inner
