"""CONTRIBUTING.md names every file that the changes it describes touch."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MODULES = sorted((ROOT / "drain" / "dashboard").rglob("*.py"))
CHART = re.compile(r"\{\{\s*chart\(([^}]*)\)\s*\}\}")


def _holding(files: list[Path], words: str) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in files if re.search(words, path.read_text())]


SORTED = _holding(MODULES, r"(?<!class )\bColumn\(")
HEADED = [name for name in _holding(TEMPLATES, r"\{\{ head\(order") if "/lists/" not in name]


def test_lists_are_found():
    assert len(SORTED) >= 6
    assert len(HEADED) >= 6


@pytest.mark.parametrize("name", [*SORTED, *HEADED])
def test_a_list_that_sorts_is_among_those_whose_files_are_named(name):
    assert f"`{name}`" in CONTRIBUTING, f"CONTRIBUTING.md, *A column in a list*, lacks {name}"


def _data_ids(text: str) -> list[str]:
    return [
        ids[0]
        for call in CHART.findall(text)
        if (ids := re.findall(r'"([a-z]+(?:-[a-z]+)+)"', call))
    ]


def test_each_chart_of_the_pages_has_a_data_id_of_its_own():
    texts = [path.read_text() for path in TEMPLATES]
    found = Counter(name for text in texts for name in _data_ids(text))
    assert len(found) >= 4
    assert [name for name, times in found.items() if times > 1] == []
