"""Named rules for changing parts that are longer than one token.

Each rule runs only when a cheap test says that it could match, and every pattern is bounded, so
that no text makes them slow.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s?[AaPp][Mm]\b)?"
_ZONE = r"(?:\s?(?:GMT|UTC)?[+-]\d{2}:?\d{2}\b(?:\s\([A-Z]{2,5}\))?|\s?Z\b|\s(?:UTC|GMT|[A-Z]{1,3}[SD]T)\b)?"


class Span(NamedTuple):
    """A named rule: what it is for, when to try it, what to find and what to put there."""

    name: str
    # One of them stands in every match.
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str
    # Whether a match may be without a digit.
    wordy: bool = False


SPANS = (
    # C:\Users\Ann Lee\work: the blank is part of a name
    Span(
        "home with a blank in its name",
        ("Users", "home"),
        re.compile(
            r"(?:\b[A-Za-z]:)?[\\/]{1,2}(?:Users|home)[\\/]{1,2}[^\\/:\n\"'<>|]{1,60}(?=[\\/])"
        ),
        "/home",
        wordy=True,
    ),
    # 512 MiB, 1 GB, 300 bytes
    Span(
        "size and its unit",
        (" B", "bytes", "KB", "MB", "GB", "TB", "PB", "EB", "kB", "mB", "gB", "tB", "iB"),
        re.compile(r"(?<![\w.,])\d[\d.,]{0,20}\s(?:[KMGTPEkmgt]i?B|bytes|B)\b"),
        "<size>",
    ),
    # write /backup/a.tgz: No space left on device: what did not fit is not the cause
    Span(
        "file on a full volume",
        ("No space left", "quota exceeded"),
        re.compile(
            r"(?<![\w/])(?:[A-Za-z]:)?[\\/][^\s'\":]{1,400}(?=.{0,80}(?:No space left|quota exceeded))"
        ),
        "<path>",
        wordy=True,
    ),
    # Mon, 02 Jan 2006 15:04:05 -0700 | Mon Jan 02 2006 14:04:05 GMT+0800 (HKT) | Jan 18, 2019
    Span(
        "date in words",
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        re.compile(
            rf"\b(?:{_DAY},?\s)?(?:\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}"
            rf"|{_MONTH}\s{{1,2}}\d{{1,2}}(?!\d)(?:,?\s\d{{4}}(?!\d))?)"
            rf"(?:,?\s{_CLOCK}{_ZONE})?(?:\s\d{{4}}\b)?"
        ),
        "<date>",
    ),
    # 2006-01-02T15:04:05.999Z | 2006/01/02 15:04:05 | 2006-01-02
    Span(
        "ISO date",
        ("20", "19"),
        re.compile(
            rf"(?<![\w./-])\d{{4}}[-/](?:0[1-9]|1[0-2])[-/](?:0[1-9]|[12]\d|3[01])(?![\w-])(?:[T ]{_CLOCK}{_ZONE})?"
            rf"|(?<![\w./-])\d{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T{_CLOCK}{_ZONE}"
        ),
        "<date>",
    ),
    # 20060102 150405+0100 | 20240220 11:55:33.546593 | 20060102T150405Z
    Span(
        "compact date",
        ("20", "19"),
        re.compile(
            rf"(?<![\w./-])(?:19|20)\d{{6}}(?:T\d{{6}}|\s\d{{6}}|[T ]{_CLOCK})(?:[.,]\d{{1,9}})?{_ZONE}"
        ),
        "<date>",
    ),
    # 11:21:12 AM
    Span(
        "clock with half of day",
        ("AM", "PM", "am", "pm"),
        re.compile(r"(?<![\w:.])\d{1,2}:\d{2}(?::\d{2})?\s?[AaPp][Mm]\b"),
        "<date>",
    ),
    # how Python prints a date: datetime.datetime(2025, 6, ...)
    Span(
        "date object",
        ("datetime.",),
        re.compile(r"\bdatetime\.(?:datetime|date|time)\([\d, ]{1,60}\)"),
        "<date>",
        wordy=True,
    ),
    # Max retries exceeded with url: /runs/7 - what was asked for does not name the cause
    Span(
        "asked-for address",
        ("url: ",),
        re.compile(r"(?<=\burl: )[^\s\"'(]{1,500}"),
        "<url>",
        wordy=True,
    ),
    # line 3 column 7 (char 42): where in an input, not what is wrong
    Span(
        "place in an input",
        ("(char ",),
        re.compile(r"\(char \d{1,12}\)"),
        "(char <n>)",
    ),
    # Unexpected token 'x', "{"run": x1}" is not valid JSON
    Span(
        "quoted input of a JSON parser",
        ("is not valid JSON",),
        re.compile(r"(?:'.{1,2}', )?(?:\.\.\.)?\".{0,300}\"(?:\.\.\.)? is not valid JSON"),
        "<str> is not valid JSON",
        wordy=True,
    ),
    # <app.models.Run object at 0x7f..>: the class says enough
    Span(
        "address of an object",
        (" at 0x",),
        re.compile(r" at 0x[0-9A-Fa-f]{1,16}"),
        " at <hex>",
    ),
    # 1,2,3 and 1 2 3: how many there are changes as well
    Span(
        "key of a database row",
        (")=(",),
        re.compile(r"\)=\([^)]{0,300}\)"),
        ")=(<str>)",
        wordy=True,
    ),
)


_WORDY = tuple(span for span in SPANS if span.wordy)
_DIGIT = re.compile(r"\d")

# https://registry.example.org/@acme%2Fui-kit: Not Found: what is not there is the cause
_ASKED = re.compile(
    r"https?://[^\s\"'<>()`,;]{1,300}?(?:[/@]|%2[Ff])(?P<name>[A-Za-z][A-Za-z_-]{2,60})(?=[:,.]?(?:\s|$))"
)
_NOT_THERE = re.compile(r"\b(?:404|[Nn]ot [Ff]ound)\b")
_PATHS = re.compile(r"<path>(?:[ ,:;]{1,2}(?:<path>(?![/\\\w])|\.(?=[)\s])))+")


def join_paths(message: str) -> str:
    """A list of paths as one: how many there are changes as well."""
    return _PATHS.sub("<path>", message) if "<path>" in message else message


def mask_spans(message: str) -> str:
    """The message with every rule of ``SPANS`` applied in order."""
    if "://" in message and _NOT_THERE.search(message):
        message = _ASKED.sub(r"<url>/\g<name>", message)
    for span in SPANS if _DIGIT.search(message) else _WORDY:
        for hint in span.hints:
            if hint in message:
                message = span.pattern.sub(span.replacement, message)
                break
    return message
