"""The commands that documents show are there, and take what they are shown with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
NAMED = re.compile(r"(?:manage\.py|bin/drainsite|`drainsite) ([a-z][a-z_]+)\b")
CODE = re.compile(r"(?<!`)`([^`\n]+)`|^ {4,}(.+)$", re.MULTILINE)
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?:manage\.py|\bdrainsite) ((?!demo\b)[a-z][a-z_]+\b[^|>&\n]*)")
# What stands behind a command: a remark, or the words of a table made with blanks.
REMARK = re.compile(r"\s#.*|\s{3,}.*")
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]*\b(?![=.:/])|…")


def shown(page: Path) -> list[str]:
    """Every command line of a page: from its code spans, indented lines and fenced blocks."""
    text = re.sub(r" *\\\n *", " ", page.read_text())
    code = [span or line for span, line in CODE.findall(text)]
    code += [line for block in FENCED.findall(text) for line in block.splitlines()]
    found = {REMARK.sub("", match.group(1)) for part in code for match in LINE.finditer(part)}
    return sorted(line for line in found if line.split()[0] in get_commands())


LINES = [(page.name, line) for page in PAGES for line in shown(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_that_a_page_names_is_one(page):
    assert set(NAMED.findall(page.read_text())) - set(get_commands()) == set()


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_line_is_one_that_its_command_takes(page, line):
    """Placeholders stand for 1, what is optional is given, and of alternatives the first is taken."""
    filled = PLACEHOLDER.sub("1", line.replace("[", "").replace("]", ""))
    name, *given = shlex.split(filled)
    own = given[: given.index("--")] if "--" in given else given
    command = load_command_class(get_commands()[name], name)
    refused = ""
    try:
        command.create_parser("manage.py", name).parse_args(own)
    except (CommandError, SystemExit) as error:
        refused = str(error)
    # A command named in a sentence stands without what it needs; --help ends well.
    taken = refused in ("", "0") or "arguments are required" in refused
    assert taken, f"{page}: {line}: {refused}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_is_pasted_from_a_page_has_a_line_that_makes_its_command(page):
    """`manage.py` is on no path: an alias stands above its first line. The reference is no guide."""
    text = page.read_text()
    lines = [*FENCED.findall(text), *re.findall(r"^ {4,}.+$", text, re.MULTILINE)]
    pasted = re.search(r"^\s*(?:\w+=\S+ )*manage\.py ", "\n".join(lines), re.MULTILINE)
    if pasted and page.name != "commands.md":
        first = re.search(r"^\s*(?:\w+=\S+ )*manage\.py ", text, re.MULTILINE)
        assert first
        assert -1 < text.find("alias manage.py=") < first.start()


def test_lines_are_found_and_a_wrong_option_is_not_taken():
    """The tests above would pass on nothing at all."""
    assert len(LINES) > 60
    with pytest.raises(AssertionError, match="no-such-option"):
        test_every_command_line_is_one_that_its_command_takes("page", "drain --no-such-option")
