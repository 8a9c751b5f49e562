"""JUnit XML: a report of tests is a run, each of its tests a phase."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from drain.sources.errors import SourceError
from drain.sources.files.lines import LINE_LIMIT, Opened, Read, Reading
from drain.sources.values import NAME_LIMIT

_PIECE = 64 * 1024
_FAILURES = frozenset({"failure", "error"})
_AGAIN = frozenset({"rerunFailure", "rerunError", "flakyFailure", "flakyError", "rerun"})
"""The elements that Surefire and pytest-rerunfailures write for tries before the last one."""
_SUITES = frozenset({"testsuite", "testsuites"})
_CLASS = re.compile(r"[A-Z]")
_COLOURS = re.compile(rb"(?:\x1b|&#(?:[xX]0*1[bB]|0*27);)\[[0-9;]{0,20}[A-Za-z]")
_NUMBERED = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_NEVER = bytes(set(range(32)) - set(b"\t\n\r"))
"""Bytes that stand in no XML, and in many reports:
the coloured output of a test is copied into them as it is.
"""
_MOST_CUT = 40
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def read_junit(opened: Opened) -> Reading:
    """Read the tests of a report: passed ones are COMPLETE, failed ones FAILED, skipped ones SKIPPED."""
    return Reading(opened.described("JUnit XML"), _records(opened), repeats=True)


def _records(opened: Opened) -> Iterator[Read]:
    report = _Report()
    parser = DefusedXMLParser(target=report)
    report.line_of = lambda: parser.parser.CurrentLineNumber
    try:
        for piece in _pieces(opened):
            parser.feed(piece)
            yield from report.ready()
        parser.close()
    except DefusedXmlException as error:
        raise SourceError(
            f"Line {report.line_of()} defines an entity or names another file; a report of tests needs neither. "
            "Nothing was imported."
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise SourceError(f"The file is no XML: {error}. Nothing was imported.") from error
    yield from report.ready()
    if not report.suites:
        raise SourceError(
            "The file is XML, but no JUnit report: it has no testsuite. Nothing was imported."
        )


def _pieces(opened: Opened) -> Iterator[bytes]:
    """Yield the file without what no XML may hold, where a byte of that is one character."""
    rest = b""
    while piece := opened.stream.read(_PIECE):
        if opened.encoding.startswith("utf-16"):
            yield piece
            continue
        piece = rest + piece
        begun = max(piece.rfind(b"&", -_MOST_CUT), piece.rfind(b"\x1b", -_MOST_CUT))
        end = len(piece) if begun < 0 else begun
        yield _legible(piece[:end])
        rest = piece[end:]
    yield _legible(rest)


def _legible(piece: bytes) -> bytes:
    if b"\x1b" in piece or b"&#" in piece:
        piece = _NUMBERED.sub(_allowed, _COLOURS.sub(b"", piece))
    return piece.translate(None, _NEVER)


def _allowed(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] else int(found[2])
    legible = (
        number in (9, 10, 13)
        or 32 <= number < 0xD800
        or 0xE000 <= number < 0xFFFE
        or 0x10000 <= number < 0x110000
    )
    return found[0] if legible else b""


class _Report:
    """The handlers that expat calls: they hold one test, and of the others only their names."""

    def __init__(self) -> None:
        self.line_of: Callable[[], int] = lambda: 0
        self.suites = 0
        self._ready: list[Read] = []
        self._open: list[tuple[int, dict[str, str]]] = []
        self._test: dict[str, str] | None = None
        self._line = 0
        self._findings: list[tuple[str, dict[str, str], list[str]]] = []
        self._text: list[str] | None = None
        self._size = 0
        self._phases: dict[tuple[str, int], str] = {}
        self._tries: dict[str, tuple[int, bool]] = {}

    def ready(self) -> list[Read]:
        """Return the tests that have ended, once."""
        found, self._ready = self._ready, []
        return found

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition("}")[2]
        if kind in _SUITES:
            self.suites += 1
            self._open.append((self.suites, attributes))
        elif kind == "testcase":
            self._test, self._line, self._findings = attributes, self.line_of(), []
        elif self._test is not None and (kind in _FAILURES or kind in _AGAIN or kind == "skipped"):
            self._text, self._size = [], 0
            self._findings.append((kind, attributes, self._text))

    def data(self, text: str) -> None:
        if self._text is not None and self._size < LINE_LIMIT:
            self._text.append(text)
            self._size += len(text)

    def end(self, tag: str) -> None:
        kind = tag.rpartition("}")[2]
        if kind in _SUITES:
            self._open.pop()
        elif kind == "testcase" and self._test is not None:
            self._ready.append((self._line, self._fields(self._test)))
            self._test = None
        elif self._findings and kind == self._findings[-1][0]:
            self._text = None

    def close(self) -> None:
        pass

    def _fields(self, test: dict[str, str]) -> dict[str, Any]:
        kinds = {kind for kind, _, _ in self._findings}
        failed, skipped = bool(kinds & _FAILURES), "skipped" in kinds
        again = sum(kind in _AGAIN for kind, _, _ in self._findings)
        phase = self._phase(test)
        before, failed_before = self._tries.get(phase, (0, False))
        tries = before + again + 1
        self._tries[phase] = (tries, failed_before or failed or again > 0)
        run = next((found["name"] for _, found in self._open if found.get("name")), "tests")
        params: dict[str, Any] = {
            key: test[key] for key in ("classname", "name", "file") if test.get(key)
        }
        if test.get("name") and (node := _node_id(test, run)):
            params["nodeid"] = node
        passed = not failed and not skipped
        marks = {"flaky": passed and (failed_before or again > 0), "retried": tries > 1}
        return {
            "run_id": run[:NAME_LIMIT],
            "phase_id": phase,
            "name": (test.get("name") or phase)[:NAME_LIMIT],
            "state": "FAILED" if failed else "SKIPPED" if skipped else "COMPLETE",
            "reason": self._reason() if failed else None,
            "category": "test",
            "order": "independent",
            "attempts": tries,
            "state_changed_at": self._time(),
            "params": params | {mark: True for mark, said in marks.items() if said},
        }

    def _phase(self, test: dict[str, str]) -> str:
        """Return the phase's id.
        The same test again in one suite is a retry, in another (a second browser) it is not.
        """
        number, suite = self._open[-1] if self._open else (0, {})
        owner = test.get("classname") or suite.get("name")
        written = "::".join(part for part in (owner, test.get("name")) if part) or "test"
        found = self._phases.get((written, number))
        if found is None:
            label = suite.get("hostname") or suite.get("name") or "suite"
            choices = (written, f"{written} [{label}]", f"{written} [{label} {number}]")
            found = next(_short(choice) for choice in choices if _short(choice) not in self._tries)
            self._phases[written, number] = found
        return found

    def _time(self) -> str | None:
        """Return when the suite ran, if it says its zone: others are of whatever clock that machine had."""
        written = self._open[-1][1].get("timestamp", "") if self._open else ""
        return written if _ZONED.search(written) else None

    def _reason(self) -> str:
        _, attributes, texts = next(found for found in self._findings if found[0] in _FAILURES)
        text = "".join(texts).strip()
        message = (attributes.get("message") or attributes.get("type") or "").strip()
        kind = (attributes.get("type") or "").strip()
        if kind and kind not in message:
            message = f"{kind}: {message}"
        if not text or not message:
            return text or message or "failed"
        return text if message.splitlines()[0] in text else f"{message}\n{text}"


def _node_id(test: dict[str, str], run: str) -> str | None:
    """Return what pytest calls the test: from its file,
    or from the name of its class where pytest wrote the report.
    """
    parts = (test.get("classname") or "").split(".")
    if "pytest" not in run and not test.get("file", "").endswith(".py"):
        return None
    classes: list[str] = []
    while len(parts) > 1 and _CLASS.match(parts[-1]):
        classes.insert(0, parts.pop())
    file = test.get("file") or "/".join(parts) + ".py"
    return "::".join([file, *classes, test["name"]])


def _short(written: str) -> str:
    if len(written) <= NAME_LIMIT:
        return written
    return f"{written[: NAME_LIMIT - 14]}… {sha256(written.encode('utf-8', 'replace')).hexdigest()[:12]}"
