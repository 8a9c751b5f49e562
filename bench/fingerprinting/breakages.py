"""Real builds that broke: does the chosen line stand among those that two people marked?

The logs are from labri-progress/cidiff (Apache 2.0; Hubner and Falleri, cidiff: generating concise diffs of
build logs). They are read from the data folder and are no part of the project.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import NamedTuple

from drain.fingerprints import error_region
from drain.fingerprints.readers.clean import clean
from drain.fingerprints.readers.read import read_steps

_MARK = re.compile(r"[EC] (\d+)(?:-(\d+))?")
_COLOURS = re.compile(r"\x1b?\[[\d;]*m")
_SIGNS = re.compile(r"\W")
_DIGITS = re.compile(r"\d+")
# A stack's own lines begin with its error.
_LINES = 3


class Breakage(NamedTuple):
    """A failing build and the passing one before it, with the lines that people marked."""

    name: str
    failing: str
    passing: str
    marked: frozenset[int]


def breakages(folder: Path) -> list[Breakage]:
    """Every breakage of the folder; none when it is not there."""
    return [
        Breakage(path.name, _read(path / "fail.log.gz"), _read(path / "pass.log.gz"), _marked(path))
        for path in sorted(folder.glob("*/"))
        if (path / "fail.log.gz").exists()
    ]


def _read(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as log:
        return log.read()


def _marked(folder: Path) -> frozenset[int]:
    lines: set[int] = set()
    for name in ("groundtruth", "groundtruth2"):
        for first, last in _MARK.findall((folder / name).read_text(encoding="utf-8")):
            lines.update(range(int(first), int(last or first) + 1))
    return frozenset(lines)


def headline_of(text: str) -> list[str]:
    """The first lines of the record that was chosen."""
    reading = read_steps(clean(error_region(text)))
    if reading.chosen is None:
        return [reading.failure.message]
    start = reading.chosen.start
    return reading.page.lines[start : min(reading.chosen.end, start + _LINES)]


def among_marked(headline: list[str], breakage: Breakage) -> bool:
    """Return whether one of the lines is one that people marked, with anything put around it."""
    lines = breakage.failing.split("\n")
    marked = {_bare(lines[at - 1]) for at in breakage.marked if at <= len(lines)}
    return any(
        len(bare) > 8 and any(bare in line for line in marked) for bare in map(_bare, headline)
    )


def _bare(line: str) -> str:
    return _SIGNS.sub("", _COLOURS.sub("", line))


def without_passing_lines(breakage: Breakage) -> str:
    """The failing log without the lines that the passing one has, digits masked."""
    passing = {_DIGITS.sub("0", line) for line in breakage.passing.split("\n")}
    return "\n".join(
        line for line in breakage.failing.split("\n") if _DIGITS.sub("0", line) not in passing
    )


def breakages_table(folder: Path) -> None:
    """Print how many headlines stand among the marked lines, as they are and without the passing log's lines."""
    found = breakages(folder)
    if not found:
        print(f"\nNo breakages in {folder}")
        return
    alone = [item.name for item in found if not among_marked(headline_of(item.failing), item)]
    beside = [
        item.name
        for item in found
        if not among_marked(headline_of(without_passing_lines(item)), item)
    ]
    print(
        f"\nBreakages: headline among the marked lines in {len(found) - len(alone)} of {len(found)}",
        *alone,
    )
    print(
        f"  with the passing log's lines taken out: {len(found) - len(beside)} of {len(found)}",
        *beside,
    )
