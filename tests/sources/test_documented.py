"""docs/autopack.md: each row of what Autopack and drainsite do names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "autopack.md").read_text()
TABLE = DOCUMENT.partition("## What Autopack does, and what drainsite does")[2].partition("\n## ")[
    0
]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
NAMED = re.compile(r"`([a-z_/]+\.py)::(test_\w+)`")


def test_the_table_is_there() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:50])
def test_a_row_names_its_tests_and_says_why_where_it_differs(row: str) -> None:
    autopack, ours, why, tests = (cell.strip() for cell in row.strip("|").split("|"))
    assert autopack
    assert ours
    assert why or ours.startswith("the same"), "a difference has its reason"
    found = NAMED.findall(tests)
    assert found
    for file, name in found:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), f"{file}::{name}"
