"""Counts how many of Sentry's parameteriser cases are masked where they expect it and only there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from drain.fingerprints import fingerprint

_PLACEHOLDER = re.compile(r"[\"']?<\w+>[\"']?")
# Where theirs is one placeholder and ours are several in a row, the same text is masked.
_RUN = re.compile(r"\0(?:[^A-Za-z\0]*\0)+")


def masks_alike(ours: str, theirs: str) -> bool:
    """Return whether both templates keep the same text and mask the same places, whatever the names."""
    return _shape(ours) == _shape(theirs)


def _shape(template: str) -> str:
    return _RUN.sub("\0", _PLACEHOLDER.sub("\0", template))


def sentry_table(path: Path) -> None:
    """Print the share of cases that agree, and those that do not."""
    if not path.exists():
        print(f"\nNo {path.name} in {path.parent}")
        return
    cases = json.loads(path.read_text(encoding="utf-8"))
    wrong = [
        (case["input"], case["expected"], ours)
        for case in cases
        if not masks_alike(ours := fingerprint(case["input"]).template, case["expected"])
    ]
    print(f"\nSentry's parameteriser cases: {len(cases) - len(wrong)} of {len(cases)} alike")
    for given, expected, ours in wrong:
        print(f"  {given!r}: {expected!r} expected, {ours!r} given")
