"""The targets of paths and links in the documents are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
FILE = re.compile(
    r"\b(?:drain|drainsite|templates|tests|tools|bench)/[\w./-]*\w\.(?:py|html|js|css|md|sh|json)\b"
)
MODULE = re.compile(r"\b(?:drain|drainsite)(?:\.[a-z_]+){2,}\b")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_file_and_link_that_a_page_names_exists(page):
    text = page.read_text()
    missing = {path for path in FILE.findall(text) if not (ROOT / path).exists()}
    missing |= {link for link in LINK.findall(text) if not (page.parent / link).exists()}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_module_that_a_page_names_exists(page):
    missing = set()
    for name in MODULE.findall(page.read_text()):
        parts = name.split(".")
        # The last one or two parts may be names inside a module.
        places = [
            ROOT.joinpath(*parts[:end]) for end in range(len(parts), max(len(parts) - 3, 1), -1)
        ]
        if not any(place.is_dir() or place.with_suffix(".py").exists() for place in places):
            missing.add(name)
    assert missing == set()
