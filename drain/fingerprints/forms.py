"""Takes one line apart in the form of the tool that wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable

from drain.fingerprints.model import Category, Failure
from drain.fingerprints.python import typed_line

_CMAKE = re.compile(r"CMake Error(?: at \S{1,300}?(?::\d+)?(?: \((\w{1,60})\))?)?:\s*(.*)$")
_NPM_CODE = re.compile(r"npm (?:ERR!|error) code ([A-Z][A-Z0-9_]{1,40})\b")
_NPM_TEXT = re.compile(
    r"npm (?:ERR!|error) (?!code |errno |path |syscall |A complete|\s*$)(?:\d{3} )?(.*)"
)
_COMPILER = re.compile(
    r"\s*(?:[A-Za-z]:)?([\w./\\@+~-]{1,300}?)(?::\d+(?::\d+)?:?|\(\d+(?:,\d+)?\):?)\s*(?:-\s*)?"
    r"(?:fatal )?error(?: (\w{1,8}\d{2,6}))?:?\s+(.*)$"
)
_RUSTC = re.compile(r"error\[(\w{1,10})\]: (.*)$")
# ruff, flake8, pylint: src/a.py:3:8: F401 [*] `os` imported but unused
_LINTER = re.compile(r"([\w./\\@+~-]{1,300}):\d+:\d+: ([A-Z]{1,4}\d{3,4}):? (?:\[\*\] )?(.*)$")
# eslint:   3:7  error  'y' is never used  no-unused-vars
_ESLINT = re.compile(r"\d+:\d+\s+error\s+(\S.{0,600})$")
_GO_BUILD = re.compile(r"(\S{1,200}\.go):\d+(?::\d+)?: (.*)$")
_RUBY = re.compile(r"(\S{1,300}\.rb):\d+:in [`']([^'\n]{1,200})': (.*) \((\w{1,80})\)$")
# What the forms here make of a line, read back.
_CODED = re.compile(r"([A-Z]{1,4}\d{3,6}|npm E[A-Z0-9]{3,30}|CMake Error|panic): (.*)$")
# A level and what loggers put after it. In capitals it may stand alone; otherwise a colon follows.
# Digits after it are a code (``ERROR 1045``) and stay with it.
_LOG_LEAD = re.compile(
    r"^(?:(?:\d{1,8} )?(?:\[?(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ALERT)(?:/[\w-]{1,40})?\]?"
    r"(?:\s{0,8}\|\s?[^|\n]{1,120}? - |[\s|:>\]-]{1,8})"
    r"|(?:[Ee]rror|[Ff]atal)(?: error)?:\s{1,4})(?=\S)(?![\d<]))+"
)
_PARAGRAPH_LINES = 12


def take_apart(lines: list[str], index: int) -> Failure:
    """The failure that the line at ``index`` tells of, with what belongs to it below."""
    line = lines[index].strip()
    for pattern, form in _FORMS:
        found = pattern.match(line)
        if found:
            return form(found, lines[index + 1 : index + 1 + _PARAGRAPH_LINES])
    line = _LOG_LEAD.sub("", line, count=1)
    below = lines[index + 1 : index + 8]
    typed = typed_line(line, "\n" + "\n".join(below))
    return typed or Failure("", line + _context(below))


def _cmake(found: re.Match[str], below: list[str]) -> Failure:
    message = found.group(2) or _paragraph(below)
    return Failure("CMake Error", message, found.group(1) or "", hint=Category.BUILD)


def _paragraph(below: list[str]) -> str:
    """The lines up to the next blank one, on one line."""
    words: list[str] = []
    for line in below:
        if not line.strip() and words:
            break
        words.append(line.strip())
    return " ".join(words)


def _npm(found: re.Match[str], below: list[str]) -> Failure:
    texts = (_NPM_TEXT.match(line) for line in below)
    return Failure(f"npm {found.group(1)}", next((text.group(1) for text in texts if text), ""))


def _compiler(found: re.Match[str], _below: list[str]) -> Failure:
    path, code, message = found.groups()
    return Failure(code or "error", message, _file(path), hint=Category.BUILD)


def _linter(found: re.Match[str], _below: list[str]) -> Failure:
    path, code, message = found.groups()
    return Failure(code, message, _file(path), hint=Category.BUILD)


def _eslint(found: re.Match[str], _below: list[str]) -> Failure:
    return Failure("", found.group(1), hint=Category.BUILD)


def _go_build(found: re.Match[str], _below: list[str]) -> Failure:
    return Failure("error", found.group(2), _file(found.group(1)), hint=Category.BUILD)


def _rustc(found: re.Match[str], _below: list[str]) -> Failure:
    return Failure(found.group(1), found.group(2), hint=Category.BUILD)


def _ruby(found: re.Match[str], _below: list[str]) -> Failure:
    path, function, message, kind = found.groups()
    return Failure(kind, message, f"{_file(path).removesuffix('.rb')}.{function}")


def _coded(found: re.Match[str], _below: list[str]) -> Failure:
    return Failure(found.group(1), found.group(2))


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _context(below: list[str]) -> str:
    """PostgreSQL's context names the relation; nothing else is needed from the next lines."""
    context = (line.partition(":")[2].strip() for line in below if line.startswith("CONTEXT:"))
    return next((f" {words}" for words in context), "")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], list[str]], Failure]], ...] = (
    (_CMAKE, _cmake),
    (_NPM_CODE, _npm),
    (_ESLINT, _eslint),
    (_LINTER, _linter),
    (_COMPILER, _compiler),
    (_GO_BUILD, _go_build),
    (_RUSTC, _rustc),
    (_RUBY, _ruby),
    (_CODED, _coded),
)
