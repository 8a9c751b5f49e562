"""The lines that belong to a line above them: its list, its context, its code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from drain.fingerprints.readers.frames import read_frame
from drain.fingerprints.readers.lines import indent_of
from drain.fingerprints.signs import is_aside, is_routine
from drain.fingerprints.words import RULE, is_wrapper, own_words

PARAGRAPH_LINES = 12
_PULLED = 4


def with_what_it_introduces(line: str, lines: list[str], index: int) -> str:
    """The line; one that says too little of its own or ends with a colon pulls in what follows."""
    if index + 1 >= len(lines):
        return line
    own = own_words(line)
    thin = own < 2 or is_wrapper(line)
    introduces = line.rstrip().endswith((":", ";", "=>")) or (thin and _is_underlined(lines, index))
    if not thin and not introduces:
        below = lines[index + 1 : index + 8]
        return line + _context(below) + _code(line, below)
    if own and not introduces and not is_wrapper(line):
        return line
    words = [line]
    for bare in islice(_introduced(lines, index, colon=introduces), _PULLED):
        words.append(bare)
        own += own_words(bare)
        if own >= 3 and not bare.endswith(":"):
            break
    return " ".join(word for word in words if word)


def _is_underlined(lines: list[str], index: int) -> bool:
    """Return whether a rule below a line makes it the heading of the next lines."""
    return index + 1 < len(lines) and bool(RULE.match(lines[index + 1]))


def _introduced(lines: list[str], index: int, *, colon: bool) -> Iterator[str]:
    """The lines that belong to the one at ``index``: its block, without a colon only what stands deeper."""
    margin = indent_of(lines[index]) + (not colon)
    begun = False
    for line in lines[index + 1 : index + 1 + PARAGRAPH_LINES]:
        bare = line.strip(" \t*-\u2022\u2570\u2500>\u2502")
        if not bare and begun:
            return
        if (
            not any(char.isalpha() for char in bare)
            or bare.startswith("at ")
            or read_frame(line)
            or is_aside(line)
        ):
            continue
        if indent_of(line) < margin or is_routine(line):
            return
        begun = True
        yield bare


def _context(below: list[str]) -> str:
    """PostgreSQL's context names the relation; nothing else is needed from the next lines."""
    context = (line.partition(":")[2].strip() for line in below if line.startswith("CONTEXT:"))
    return next((f" {words}" for words in context), "")


# Code: 403. | Status: 503 | Reason: OOMKilled
_CODE = re.compile(
    r"\s{0,12}(?:Code|Status(?: [Cc]ode)?|Reason)\s?[:=]\s{0,12}(?P<value>[\w]{2,60})"
)


def _code(line: str, below: list[str]) -> str:
    """A code that the key-value block below an error gives; empty when the error has it already."""
    codes = (found for found in map(_CODE.match, below) if found)
    return next(
        (f" ({found.group().strip()})" for found in codes if found["value"] not in line), ""
    )


def paragraph(below: list[str]) -> str:
    """The lines up to the next blank one, on one line."""
    words: list[str] = []
    for line in below:
        if not line.strip() and words:
            break
        words.append(line.strip())
    return " ".join(words)
