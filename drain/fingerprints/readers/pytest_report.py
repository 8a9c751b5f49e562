"""Reads pytest's report: the first test that failed, or what stopped the collection."""

from __future__ import annotations

import re

from drain.fingerprints.model import Category, Failure

_MARKS = ("short test summary info", "= FAILURES =", "= ERRORS =", "ERROR collecting")
_SUMMARY = re.compile(
    r"^(FAILED|ERROR) ([^\s:]{1,300}\.py)(?:::(\S{1,300}))?(?: - (.{1,600}))?$", re.MULTILINE
)
_E_LINE = re.compile(r"^E {1,12}(\S.{0,2000})$", re.MULTILINE)
_COLLECTING = re.compile(r"ERROR collecting (\S{1,300})(?: - (.{1,2000}))?")
_TYPED = re.compile(r"((?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{0,80})(?:: (.*)|$)")
_PARAMETERS = re.compile(r"\[.{0,200}$")


def read_pytest(text: str) -> Failure | None:
    """The first failure of a pytest run; None for any other text."""
    for mark in _MARKS:
        if mark in text:
            break
    else:
        return None
    said = _E_LINE.search(text)
    summary = _SUMMARY.search(text)
    collecting = _COLLECTING.search(text)
    message = _message(said, summary, collecting)
    if not message:
        return None
    kind, rest = _typed(message)
    function = _function(summary)
    hint = Category.COLLECTION if collecting and kind not in _IMPORTS else ""
    return Failure(kind, rest, function, hint=hint)


_IMPORTS = frozenset({"ModuleNotFoundError", "ImportError"})


def _message(
    said: re.Match[str] | None, summary: re.Match[str] | None, collecting: re.Match[str] | None
) -> str:
    """The first ``E`` line, else what the summary says after the dash."""
    if said:
        return said.group(1)
    if summary and summary.group(4):
        return summary.group(4)
    if collecting:
        return collecting.group(2) or ""
    return ""


def _typed(message: str) -> tuple[str, str]:
    found = _TYPED.match(message)
    if found and not found.group(1).isupper():
        return found.group(1).rpartition(".")[2], found.group(2) or ""
    if message.startswith("assert "):
        return "AssertionError", message
    return "", message


def _function(summary: re.Match[str] | None) -> str:
    """``test_file.test_name`` without the parameters; empty when the file itself failed."""
    if not summary or not summary.group(3):
        return ""
    stem = summary.group(2).rpartition("/")[2].removesuffix(".py")
    name = _PARAMETERS.sub("", summary.group(3)).replace("::", ".")
    return f"{stem}.{name}"
