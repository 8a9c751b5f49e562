"""Python says the same thing in other words from version to version; here it is said in one way.

Each rule names what changed and since when. They run on the message of a Python exception only,
before it is masked.
"""

from __future__ import annotations

import re

# Types that got another name: socket.timeout in 3.10, re.error in 3.13.
TYPES = {
    "socket.timeout": "TimeoutError",
    "timeout": "TimeoutError",
    "re.error": "PatternError",
    "sre_constants.error": "PatternError",
}

_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    # 3.10 began to guess what was meant: "... Did you mean: 'total'?"
    (
        "a guess at the end (3.10)",
        re.compile(
            r"[.;,]? \(?(?:Did you (?:mean|forget)|Perhaps you|Maybe you meant|consider renaming)\b.*$"
        ),
        "",
    ),
    # 3.10 names the class before the function: Cart.add() takes 2 positional arguments
    (
        "a qualified name (3.10)",
        re.compile(r"^(?:[\w<>]{1,80}\.){1,8}(\w{1,80}\(\) (?:missing|takes|got|argument))"),
        r"\1",
    ),
    # 3.11: cannot access local variable 'x' where it is not associated with a value
    (
        "an unbound variable (3.11)",
        re.compile(r"^local variable '(\w{1,80})' referenced before assignment$"),
        r"cannot access local variable '\1' where it is not associated with a value",
    ),
    # 3.8: abstract methods add | 3.9: abstract method add | 3.12: without an implementation for ...
    (
        "an abstract class (3.9, 3.12)",
        re.compile(
            r"^(Can't instantiate abstract class \w{1,80}) with (?:an )?abstract methods? '?([^']{1,200})'?$"
        ),
        r"\1 without an implementation for abstract method '\2'",
    ),
    # while calling a Python object, in comparison, ...: where the limit happened to be met
    (
        "the depth of a recursion",
        re.compile(r"^(maximum recursion depth exceeded).*$"),
        r"\1",
    ),
)

# Of the parser that came with 3.9 and the words it got in 3.10.
_SYNTAX_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("what was expected", re.compile(r"^expected '.{1,10}'$"), "invalid syntax"),
    (
        "a bracket left open",
        re.compile(r"^'[(\[{]' was never closed$"),
        "unexpected EOF while parsing",
    ),
    (
        "a string left open",
        re.compile(r"^unterminated (?:f-)?string literal.*$"),
        "EOL while scanning string literal",
    ),
    ("a place in brackets", re.compile(r" \([^()\s]{1,200}, line \d+\)$"), ""),
)

_SYNTAX = frozenset({"SyntaxError", "IndentationError", "TabError"})
# The interpreter's own exceptions whose words changed; all others are spared the rules.
_REWORDED = _SYNTAX | {
    "AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "RecursionError", "TypeError", "UnboundLocalError",
}  # fmt: skip


def in_one_wording(kind: str, message: str) -> str:
    """The message of an exception of type ``kind`` as every version would have said it."""
    if kind not in _REWORDED:
        return message
    for _, pattern, replacement in _RULES + _SYNTAX_RULES if kind in _SYNTAX else _RULES:
        message = pattern.sub(replacement, message)
    return message
