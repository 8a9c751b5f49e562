"""`make lint`: the house rules that ruff has no rule for.

    .venv/bin/python -m tools.house

A file is read in one sitting and a function in one look;
a docstring says what a thing is or does, and one that begins with a question word names no thing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.markup import ROOT, Finding

FOLDERS = ("drain", "drainsite", "tools", "bench", "tests")
FILE_LINES = 300
FUNCTION_LINES = 40
_QUESTION = re.compile(r"(What|Who|Whose|Whom|How|Why|Whether|Which|Where|When)\b")


def main() -> int:
    """Print what is found; 1 when there is something."""
    found = sorted(findings(ROOT))
    for finding in found:
        print(finding)
    return 1 if found else 0


def findings(root: Path) -> Iterator[Finding]:
    """Yield what breaks the rules in Python files of our own; migrations stay as they were."""
    for folder in FOLDERS:
        for path in root.glob(f"{folder}/**/*.py"):
            if "migrations" not in path.parts:
                yield from _in_module(path.relative_to(root).as_posix(), path.read_text())


def _in_module(name: str, code: str) -> Iterator[Finding]:
    if (lines := len(code.splitlines())) > FILE_LINES:
        yield Finding(name, FILE_LINES + 1, f"{lines} lines, of at most {FILE_LINES}")
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    sentence = f"{node.name} has {lines} lines, of at most {FUNCTION_LINES}"
                    yield Finding(name, node.lineno, sentence)
            case ast.Expr(value=ast.Constant(value=str() as text)):
                if word := _QUESTION.match(text):
                    yield Finding(name, node.lineno, f"say what it is or does, not “{word[0]} …”")


if __name__ == "__main__":
    sys.exit(main())
