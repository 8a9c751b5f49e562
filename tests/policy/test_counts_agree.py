"""Sentences agree with their counts: one phase is never "1 phases"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from drain.policy.words import agrees, counted

ROOT = Path(__file__).resolve().parents[2]
THINGS = (
    "attempts|checks|completes|dependencies|drains|events|files|fingerprints|fixes|hosts|jobs|lines|loops|"
    "minutes|phases|readings|records|rows|runs|sources|timeouts|times|workers"
)
KINDS = "(?:counted|earlier|failed|older|past|planned|rejected|running|waiting)"
MANY = re.compile(rf" (?:{KINDS} )?(?:{THINGS})\b")
IN_PAGE = re.compile(rf"\{{\{{(?P<value>[^{{}}]*)\}}\}} (?:{KINDS} )?(?:{THINGS})\b")
CLOSE = re.compile(rf"\}}[\s\"f]*(?:{KINDS} )?(?:{THINGS})\b")
"""Such words close behind a value: only sources that hold them are parsed."""
MEASURED = re.compile(r"[gf]$")
"""The format of what is measured and not counted: 1.0 minutes."""
NEVER_ONE = {
    "{most} readings in a row": "one reading is said without its number",
    "{count} rows for one phase; its WHERE": "only of several rows",
    "{self.workers} workers are not possible: cho": "one is possible",
    "{{ count }} rows": "more than a page changes itself",
    "{{ place.cut | number }} rows": "a constant",
    "{{ newest | number }} events": "a constant",
    "{{ most_new | number }} new fingerprints": "a constant",
}
NAMES = re.compile(r"(?:\.pk|_pk|\.name)$")
"""Names that verbs follow: `drain 7 runs`, `executor shell runs`."""


def counts_without_agreement(tree: ast.AST) -> Iterator[str]:
    """Each count of a sentence that things follow, and that may be one."""
    for sentence in ast.walk(tree):
        if not isinstance(sentence, ast.JoinedStr):
            continue
        for value, text in zip(sentence.values, sentence.values[1:], strict=False):
            if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                continue
            after = str(text.value)
            form = ast.unparse(value.format_spec)[2:-1] if value.format_spec else ""
            written = ast.unparse(value.value)
            if written.isupper() or NAMES.search(written) or MEASURED.search(form):
                continue
            if MANY.match(after):
                yield f"{{{written}}}{after[:30]}"


def found_in(source: str) -> Iterator[str]:
    """The counts of a module that could be one."""
    return counts_without_agreement(ast.parse(source)) if CLOSE.search(source) else iter(())


def test_no_sentence_of_the_code_can_say_one_phases():
    """Its counts go through `counted`, which knows of one."""
    paths = [
        path
        for folder in ("drain", "drainsite")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    ]
    found = {
        f"{path.relative_to(ROOT)}: {each}"
        for path in paths
        for each in found_in(path.read_text())
        if each not in NEVER_ONE
    }
    assert len(paths) > 300
    assert not found


def test_no_page_can_say_one_phases():
    """The words of templates end with `plural` after a count."""
    paths = list((ROOT / "templates").rglob("*.html"))
    found = {
        f"{path.relative_to(ROOT)}: {each.group()}"
        for path in paths
        for each in IN_PAGE.finditer(path.read_text())
        if each.group() not in NEVER_ONE
    }
    assert len(paths) > 100
    assert not found


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("f'{done} attempts rescued'", ["{done} attempts rescued"]),
        ("f'{len(x):,} failed phases'", ["{len(x)} failed phases"]),
        ("f'at most {MOST} phases'", []),
        ("f'drain {session.pk} runs it'", []),
        ("f'{minutes:.1f} minutes'", []),
        ('(f"{done} of {n} "\n f"phases")', ["{n} phases"]),
        ("""f"{counted(n, 'phase')} left" """, []),
    ],
)
def test_what_could_say_one_phases_is_found(sentence, told):
    """The search itself: counts are found; constants, names and measures are none."""
    assert list(found_in(sentence)) == told


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 phases are"), (1, "1 phase is"), (2_000, "2,000 phases are")]
)
def test_a_count_and_its_verb_agree(number, told):
    assert f"{counted(number, 'phase')} {agrees(number)}" == told
