"""The commands that documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
NAMED = re.compile(r"(?:manage\.py|bin/drainsite|`drainsite) ([a-z][a-z_]+)\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_that_a_page_names_is_one(page):
    assert set(NAMED.findall(page.read_text())) - set(get_commands()) == set()
