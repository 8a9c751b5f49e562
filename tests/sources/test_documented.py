"""docs/autopack.md: each row of what Autopack and drainsite do names a test that there is."""

from __future__ import annotations

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "autopack.md").read_text()
TABLE = DOCUMENT.partition("## What Autopack does, and what drainsite does")[2].partition("\n## ")[
    0
]
FIRST_BLOCK = re.findall(r"^    (manage\.py .*)$", DOCUMENT, re.MULTILINE)[:2]
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


@pytest.mark.django_db
def test_the_first_commands_work_as_they_stand(autopack, monkeypatch) -> None:
    """Only the places are other ones, and nothing is drained."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k" * 20)
    assert len(FIRST_BLOCK) == 2
    said = []
    for line in FIRST_BLOCK:
        placed = line.replace("sqlite:////srv/autopack/autopack.db", autopack.url)
        words = shlex.split(placed.replace("/srv/autopack", str(autopack.workspace)))[1:]
        out = StringIO()
        dry = ["--dry-run"] if words[0] == "drain" else []
        call_command(*words, *dry, stdout=out, stderr=StringIO())
        said.append(out.getvalue())
    assert "25 runs (25 new), 285 phases" in said[0]
    assert "5 selected" in said[1]
