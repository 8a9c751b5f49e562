"""The house rules hold here, and the lint finds what breaks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import house, markup


def planted(root: Path, code: str) -> list[int]:
    """Return the lines of the findings in a project that is nothing but this code."""
    path = root / "drain" / "policy" / "limits.py"
    path.parent.mkdir(parents=True)
    path.write_text(code)
    return [finding.line for finding in house.findings(root)]


def test_they_hold_here():
    assert [*house.findings(markup.ROOT)] == []


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = 1\n" * 301, 301),
        ("\ndef f():\n" + "    x = 1\n" * 40, 2),
        ("class A:\n    async def f(self):\n" + "        x = 1\n" * 40, 2),
        ('"""What a module is about."""', 1),
        ('def f():\n    """Whether it is so."""', 2),
        ('class A:\n    """How it goes."""', 2),
        ('class A:\n    x = 1\n    """Which one."""', 3),
    ],
)
def test_a_broken_rule_is_found_at_its_line(tmp_path, code, line):
    assert planted(tmp_path, code) == [line]


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\n" * 300,
        "def f():\n" + "    x = 1\n" * 39,
        '"""Whatever begins like a question is none."""',
        'def f():\n    """Return whether it is so."""\n    return "What?"',
    ],
)
def test_code_within_the_rules_is_left_alone(tmp_path, code):
    assert planted(tmp_path, code) == []


def test_migrations_stay_as_they_were(tmp_path):
    path = tmp_path / "drain" / "migrations" / "0001_initial.py"
    path.parent.mkdir(parents=True)
    path.write_text('"""What it was."""')
    assert [*house.findings(tmp_path)] == []
