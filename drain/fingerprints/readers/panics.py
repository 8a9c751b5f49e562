"""Reads panics of Go and Rust."""

from __future__ import annotations

import re
from itertools import pairwise

from drain.fingerprints.model import Failure

_RUST = re.compile(r"^thread '[^'\n]{0,200}' (?:\(\d+\) )?panicked at (.{1,2000})$", re.MULTILINE)
_RUST_PLACE = re.compile(r"(\S{1,400}?\.rs):\d+(?::\d+)?:?$")
_RUST_OLD = re.compile(r"'(.*)', (\S{1,400}?\.rs):\d+(?::\d+)?$")
_GO = re.compile(r"^(panic|fatal error): (.{1,2000})$", re.MULTILINE)
_GO_LIBRARY = re.compile(
    r"/go/src/(?!github\.com|gitlab\.com|bitbucket)|/go(?:/\d[\d.]*)?(?:/x64)?/src/(?:runtime|os|net|sync|testing|internal|reflect|encoding|fmt|io|context)/|/pkg/mod/|/libexec/src/"
)
_GO_STACK_CHARS = 8_000
_GO_NOTES = re.compile(r" \[recovered.{0,40}$|\s*goroutine \d+.*$")


def read_panic(text: str) -> Failure | None:
    """The first panic of the text; None without one."""
    if "panicked at" in text:
        return _read_rust(text)
    if "panic: " in text or "fatal error: " in text:
        return _read_go(text)
    return None


def _read_rust(text: str) -> Failure | None:
    found = _RUST.search(text)
    if not found:
        return None
    rest = found.group(1)
    old = _RUST_OLD.match(rest)
    if old:
        return Failure("panic", old.group(1), _file(old.group(2)))
    place = _RUST_PLACE.match(rest)
    message = text[found.end() + 1 :].partition("\n")[0]
    return Failure("panic", message, _file(place.group(1)) if place else "")


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _read_go(text: str) -> Failure | None:
    found = _GO.search(text)
    # C compilers say "fatal error" too, but no goroutine follows.
    if not found or (found.group(1) == "fatal error" and "goroutine " not in text):
        return None
    message = _GO_NOTES.sub("", found.group(2))
    return Failure("panic", message, _go_function(text, found.end()))


def _go_function(text: str, start: int) -> str:
    """Innermost function outside the standard library and downloaded modules."""
    lines = text[start : start + _GO_STACK_CHARS].split("\n")
    for call, place in pairwise(lines):
        if not call.endswith(")") or place[:1] not in ("\t", " "):
            continue
        path = place.strip().partition(":")[0] if place.strip()[1:2] != ":" else place.strip()
        # The receiver stands in brackets of its own: pkg.(*runner).run.func1(0xc0)
        name = call[: call.rfind("(")]
        if not _GO_LIBRARY.search(path) and not name.startswith(("panic", "runtime.")):
            return name.rpartition("/")[2]
    return ""
