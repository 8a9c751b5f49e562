"""`make lint`: pages are templates, and no Python makes markup by hand.

    .venv/bin/python -m tools.markup

A string with a tag in it needs somebody who asks whether everything beside it is escaped; a template escapes
by itself. Docstrings may name tags; SVG is drawn in drain/dashboard/ui/svg.py; fingerprints read the text of
others.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDEST = 120
"""Columns of a line of a template."""
DRAWINGS = "drain/dashboard/ui/svg.py"
APART = (DRAWINGS, "drain/fingerprints/")
ALLOWED = {
    ("drain/demo/reasons.py", "in <module>"): "a traceback of Python",
    ("drain/dashboard/styleguide/views.py", "after <n> s"): "a placeholder of a fingerprint",
    ("drain/dashboard/styleguide/views.py", "<path>/fileorg"): "a placeholder of a fingerprint",
    ("drain/dashboard/styleguide/views.py", "syntax in <name>"): "a placeholder of a fingerprint",
    ("drain/dashboard/styleguide/views.py", "line <n>, in <name>"): "placeholders of a fingerprint",
}
"""Strings that hold no tag and look like one: (file, part of the string) and what it is."""
_TAG = re.compile(r"<[a-z/!]")
# Groups of regular expressions, and the variable parts of addresses.
_NO_TAG = re.compile(r"\(\?P<\w+>|\\g<\w+>|\(\?<[!=]|<(?:int|str|slug|uuid|path|anything):\w+>")
# What takes text for markup, or makes markup of text.
_BY_HAND = frozenset(
    {"escape", "conditional_escape", "format_html", "format_html_join", "mark_safe", "SafeString"}
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A line that breaks a rule."""

    path: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}"


def main() -> int:
    """Print what is found; 1 when there is something."""
    found = sorted([*in_python(ROOT), *in_templates(ROOT)])
    for finding in found:
        print(finding)
    return 1 if found else 0


def in_python(root: Path) -> Iterator[Finding]:
    """Yield tags in strings, and markup made by hand, of the Python files under drain/."""
    for path in sorted(root.glob("drain/**/*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(APART):
            yield from _in_module(name, ast.parse(path.read_text()))


def in_templates(root: Path) -> Iterator[Finding]:
    """Yield lines of templates that are too wide to be read beside another."""
    for path in sorted(root.glob("templates/**/*.html")):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > WIDEST:
                yield Finding(name, number, f"{len(line)} columns, of at most {WIDEST}")


def _in_module(name: str, tree: ast.Module) -> Iterator[Finding]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if (
                id(node) not in docstrings
                and _has_tag(node.value)
                and not _allowed(name, node.value)
            ):
                yield Finding(name, node.lineno, "a tag in a string: make it a template")
        elif isinstance(node, ast.Call) and (function := _called(node.func)) in _BY_HAND:
            yield Finding(
                name, node.lineno, f"{function}() makes markup by hand: make it a template"
            )


def _has_tag(text: str) -> bool:
    return bool(_TAG.search(_NO_TAG.sub("", text)))


def _called(function: ast.expr) -> str:
    """The last part of a function's name; "" for `re.escape`, which makes no markup."""
    if isinstance(function, ast.Attribute):
        of = function.value
        return "" if isinstance(of, ast.Name) and of.id == "re" else function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _allowed(name: str, text: str) -> bool:
    return any(name == file and part in text for file, part in ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
