"""Reads a text line by line: what a logger or a runner put around each line, and how grave it says it is.

``read_lines`` takes off time stamps, levels, process and logger names, container names and drawn margins
and keeps the level. It knows forms (a time, a bracket, a level), not programs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from drain.fingerprints.readers.json_lines import unwrap_json
from drain.fingerprints.words import own_words


class Level(IntEnum):
    """The severity that a line states; ``NONE`` when it states none."""

    BELOW = 0
    NONE = 1
    WARNING = 2
    ERROR = 3


class Page(NamedTuple):
    """The lines of a text without their wrapping, and the level of each."""

    lines: list[str]
    levels: list[Level]


_CLOCK = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?"
_DATE = r"(?:\d{4}[-/.]\d{2}[-/.]\d{2}|\d{1,2}[-/.](?:\d{1,2}|[A-Z][a-z]{2})[-/.]\d{2,4})"
_ZONE = r"(?:\s?Z|\s?[+-]\d{2}(?::?\d{2})?| (?:UTC|GMT|[A-Z]{2,4}T))?"
_STAMP = rf"(?:{_DATE}[T ,]{{1,2}}{_CLOCK}{_ZONE}(?: [AP]M)?|{_CLOCK}(?: [AP]M)?(?!\w))"
_CAPITALS = "TRACE|DEBUG|VERBOSE|INFO(?:RMATION)?|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRIT(?:ICAL)?|SEVERE|PANIC|EMERG|ALERT"
_ANY_CASE = (
    f"(?:{_CAPITALS}|{_CAPITALS.lower()}|Trace|Debug|Info|Notice|Warn(?:ing)?|Error|Fatal|Critical)"
)
# A time, alone or in brackets, with what loggers put into the same bracket.
_TIME = re.compile(
    rf"\[?{_STAMP}(?:: (?P<in>\w{{1,12}})/[\w-]{{1,40}})?\]?(?: std(?:out|err) [FP])?(?:\s{{0,4}}[|:-](?=\s))?(?: |$)"
)
_SYSLOG = re.compile(
    rf"[A-Z][a-z]{{2}} [ \d]\d {_CLOCK} [\w.-]{{1,64}} [\w./@-]{{1,64}}(?:\[\d{{1,8}}\])?: ?"
)
# I0505 10:11:12.123456   12 file.go:123] the letter is the level
_KLOG = re.compile(
    r"(?P<l>[IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9}\s{1,8}\d{1,8} [\w./-]{1,80}:\d{1,6}\] "
)
_STEP = re.compile(
    r"\[\d{1,8}(?:-\d{1,6})?\] (?=\S)|#\d{1,4} (?:\d{1,6}\.\d{1,4} )?(?=\S)|\d{1,5}\.\d{3,4} (?=\S)"
)
# web-1  | or, where nearly all lines have it, any word before a bar or in brackets
_CONTAINER = re.compile(r"[A-Za-z][\w.-]{0,40}[-_]\d{1,4}\s{0,30}\| ?")
_COMMON = re.compile(
    r"(?:[A-Za-z][\w.-]{0,40}\s{0,30}\||\[[\w .:/-]{1,60}\]|[A-Za-z][\w.-]{0,40}:|(?:[^\t\n]{1,60}\t){1,2}(?=\d{4}-\d\d-\d\dT)) ?"
)
# ERROR: | [error] | ERROR - | <3>ERROR | E: no: a single letter is a word of the tool
_LEVEL_WORD = re.compile(
    rf"(?:\d{{1,8}} )?(?:\[\s?(?P<l1>{_ANY_CASE})\s{{0,2}}\]|<(?P<l2>{_ANY_CASE})>"
    rf"|(?P<l3>{_CAPITALS})(?:/[\w-]{{1,40}})?(?=[\s:|\]>-])|(?P<l4>trace|debug|verbose|info|notice|warn|warning)(?= \S))(?P<end>:\s{{0,2}}|\s{{1,8}}[|>-](?:\s|$)|(?<=[A-Z]{{4}}) (?: (?! ))?|\s?)"
)
# Names of a logger, a thread or a source line that stand between the level and the message.
_LOGGER = re.compile(
    r"(?:\[[\w .:/#@-]{1,60}\]|\{[\w.-]{1,60}:\d{1,6}\}|[\w.$]{1,80}(?::[\w<>.$]{1,80}:\d{1,6}| -(?=\s))|---)[\s:]{0,4}(?:- |\| )?(?=\S)"
)
_CODE = re.compile(r"\d{3,5}(?: \(|:)")
_SOURCE = re.compile(r"\{[\w.-]{1,60}:\d{1,6}\} ")
_LOGFMT_LEVEL = re.compile(r"\b(?:level|lvl|severity)=\"?(\w{3,9})")
_LOGFMT_PAIR = re.compile(
    r"\b([A-Za-z_][\w.]{0,40})=(?:\"((?:[^\"\\]|\\.){0,2000})\"|([^\s\"]{0,400}))"
)
_LOGFMT_START = re.compile(r"[a-z_]{1,20}=\S")
_MARGIN = re.compile(r"\s{0,3}[\u2500-\u257f]+(?=[\s\u2500-\u257f]|$)[\s\u2500-\u257f]{0,3}")
_RIGHT_MARGIN = re.compile(r"\s*[\u2500-\u257f]+$")
_RUNNER_MARK = re.compile(
    r"##\[(error|warning|group|endgroup|command|debug|section)\]|::(error|warning|group|endgroup|debug|notice)(?: [^:\n]{0,300})?::|section_(?:start|end):\d{1,12}:\S{1,80}?(?=\s|$|ERROR)"
)
_MARK_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING}
_DIGITS = "0123456789"

_BELOW = frozenset({"trace", "debug", "verbose", "info", "information", "notice", "i"})
_WARNING = frozenset({"warn", "warning", "w"})
_ERRORS = frozenset(
    {"error", "err", "fatal", "crit", "critical", "severe", "panic", "emerg", "alert", "e", "f"}
)


def level_of(word: str) -> Level:
    """The level that a word names, in any case; ``NONE`` for other words."""
    word = word.lower()
    if word in _BELOW:
        return Level.BELOW
    if word in _WARNING:
        return Level.WARNING
    return Level.ERROR if word in _ERRORS else Level.NONE


def read_page(text: str, wrappings: int = 3) -> Page:
    """The bare lines of a text and their levels; a level holds for the indented lines below it."""
    raw = _without_common(text.split("\n"))
    drawn = not text.isascii()
    lines = raw[:] if drawn or raw[0][:1] not in _TIMES else without_times(raw)
    levels = [Level.NONE] * len(raw)
    for index, line in enumerate(lines):
        if line[:1] > " " and (_CAN_BE_WRAPPED(line) or "|" in line):
            bare, levels[index] = read_line(line)
            if bare.startswith('{"') and bare is not line:
                bare = unwrap_json(bare).partition("\n")[0]
            lines[index] = bare
        elif drawn and line[:1] == " " and _MARGIN.match(line):
            lines[index] = _without_margin(line)
    if not any(lines):
        return Page(raw, [Level.NONE] * len(raw))
    if wrappings and _tell_nothing(lines, levels):
        # ERROR on every line is the wrapping of another program's output.
        return read_page("\n".join(lines), wrappings - 1)
    return Page(lines, levels)


def _tell_nothing(lines: list[str], levels: list[Level]) -> bool:
    """Return whether nearly every line has the same level, which then tells nothing of any of them."""
    if len(levels) - levels.count(Level.NONE) < 2:
        return False
    filled = sum(1 for line in lines if line and not line.isspace())
    return any(
        levels.count(level) * 10 >= filled * 9
        for level in (Level.ERROR, Level.WARNING, Level.BELOW)
    )


# A sign, a digit, a name in capitals, a month, a level, the first pair of logfmt:
# no other line begins with wrapping.
_WRAPPING = r"[^\w\s]|[^\S\x00-\x20]|\d|[A-Z][A-Z\d]|[A-Z][a-z]{2} |section_|(?:trace|debug|verbose|info|notice|warn|warning) |[a-z_]{1,20}=\S"
_CAN_BE_WRAPPED = re.compile(_WRAPPING).match
# Behind a time: more wrapping, or what may be part of the time.
_MORE = re.compile(rf"{_WRAPPING}|\s{{0,4}}[|:-]\s|Z|std").match
_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")


# What each form begins with: a look at one letter spares most lines most of the patterns.
_MARKS = frozenset("#:s")
_TIMES = frozenset("[" + _DIGITS)
_STEPS = frozenset("[#" + _DIGITS)
_KLOGS = frozenset("IWEF")
_LEVELS = frozenset("[<TDVINWEFCSPAtdvinw" + _DIGITS)


def read_line(line: str) -> tuple[str, Level]:
    """One line without its wrapping, and its level."""
    level = Level.NONE
    if not line.isascii() and _MARGIN.match(line):
        line = _without_margin(line)
    for _ in range(4):
        bare, found = _strip_once(line, level)
        if bare == line:
            level = found
            break
        if level != Level.NONE and found == level and not bare.strip() and line.strip():
            break
        line, level = bare, found
        if not _CAN_BE_WRAPPED(line) and "|" not in line:
            break
    if "=" in line and _LOGFMT_START.match(line):
        line, level = _read_logfmt(line, level)
    return line, level


def _strip_once(line: str, level: Level) -> tuple[str, Level]:
    first = line[:1]
    found = _RUNNER_MARK.match(line) if first in _MARKS else None
    if found:
        return line[found.end() :], max(level, _MARK_LEVELS.get(found[1] or found[2] or "", level))
    found = _TIME.match(line) if first in _TIMES else None
    if found:
        return line[found.end() :], level_of(found["in"]) if found["in"] else level
    found = _KLOG.match(line) if first in _KLOGS else None
    if found:
        return line[found.end() :], level_of(found["l"])
    found = _other_lead(first, line)
    if found:
        return line[found.end() :], level
    return _strip_level(first, line) if level == Level.NONE else (line, level)


def _other_lead(first: str, line: str) -> re.Match[str] | None:
    """A step's number, a source line or the head of syslog."""
    if first in _STEPS:
        return _STEP.match(line)
    if first == "{":
        return _SOURCE.match(line)
    return _SYSLOG.match(line) if line[3:4] == " " and first.isupper() else None


def _strip_level(first: str, line: str) -> tuple[str, Level]:
    if "|" in line:
        found = _CONTAINER.match(line)
        if found:
            return line[found.end() :], Level.NONE
    found = _LEVEL_WORD.match(line) if first in _LEVELS else None
    if not found:
        return line, Level.NONE
    word = found["l1"] or found["l2"] or found["l3"] or found["l4"]
    rest = line[found.end() :]
    if not rest or rest.isspace():
        return "", level_of(word)
    # ERROR 1045 (28000): the digits are the tool's code. ERROR tests/a.py::b: the mark of a report.
    if _CODE.match(rest) or "::" in rest.partition(" ")[0] or (" " not in rest and "/" in rest):
        return line, level_of(word)
    for _ in range(3):
        logger = _LOGGER.match(rest)
        if not logger:
            break
        rest = rest[logger.end() :]
    return rest, level_of(word)


def _read_logfmt(line: str, level: Level) -> tuple[str, Level]:
    """``level=error msg="reconcile failed" err=..`` as the words a person would have written."""
    pairs = {name: quoted or bare for name, quoted, bare in _LOGFMT_PAIR.findall(line[:4_000])}
    if len(pairs) < 2 or not ("msg" in pairs or "message" in pairs or "level" in pairs):
        return line, level
    word = _LOGFMT_LEVEL.search(line)
    level = level_of(word[1]) if word else level
    if (
        pairs.get("msg")
        and own_words(pairs["msg"]) < 2
        and (pairs.get("err") or pairs.get("error"))
    ):
        # "reconcile failed" says less than the error beside it.
        del pairs["msg"]
    texts = [
        pairs[name]
        for name in ("msg", "message", "err", "error", "reason", "cause")
        if pairs.get(name)
    ]
    return (": ".join(dict.fromkeys(texts)).replace('\\"', '"') or line), level


def _without_margin(line: str) -> str:
    """Return a line without the box that is drawn around it."""
    line = _MARGIN.sub("", line, count=1)
    return _RIGHT_MARGIN.sub("", line)


def _without_common(lines: list[str]) -> list[str]:
    """The lines without a word that nearly all of them begin with (``web | ``, ``[job a] ``)."""
    for _ in range(2):
        filled = lines if lines[0].strip() else [line for line in lines if line.strip()]
        first = _COMMON.match(filled[0]) if filled else None
        if not first:
            return lines
        lead = first.group()
        filled = [line for line in filled if line and not line.isspace()]
        if len(filled) < 3 or sum([line.startswith(lead) for line in filled]) * 5 < len(filled) * 4:
            return lines
        lines = [line.removeprefix(lead) for line in lines]
    return lines


def without_times(lines: list[str]) -> list[str]:
    """The lines (ASCII) without a time written like the first one's, where nothing else is around them."""
    text = "\n".join(lines)
    found = _TIME.match(lines[0])
    if not found or "|" in text or ": " in found.group() or not found.group().endswith(" "):
        return lines[:]
    size = found.end()
    forms = text.encode().translate(_ANY_DIGIT).decode().split("\n")
    form = forms[0][:size]
    return [
        line[size:] if like.startswith(form) and not _MORE(line, size) else line
        for line, like in zip(lines, forms, strict=True)
    ]


def indent_of(line: str) -> int:
    """Return the indentation of a line, in columns."""
    return len(line) - len(line.lstrip())


def block_end(lines: Sequence[str], start: int, limit: int) -> int:
    """The line after the block that ``start`` opens: deeper lines, or what follows up to a blank line."""
    own = indent_of(lines[start])
    end = start + 1
    last = min(len(lines), start + limit)
    while end < last and lines[end].strip() and indent_of(lines[end]) >= own:
        end += 1
    return end
