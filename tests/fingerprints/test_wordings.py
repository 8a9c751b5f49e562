"""Wordings of the same failure in different versions of Python have one key."""

from __future__ import annotations

import pytest

from drain.fingerprints import fingerprint

SAME = [
    ("NameError: name 'totl' is not defined", "NameError: name 'totl' is not defined. Did you mean: 'total'?"),
    ("NameError: name 'sys' is not defined", "NameError: name 'sys' is not defined. Did you forget to import 'sys'?"),
    ("AttributeError: module 'random' has no attribute 'x'", "AttributeError: module 'random' has no attribute 'x' (consider renaming '/srv/random.py' since it has the same name)"),
    ("TypeError: add() takes 2 positional arguments but 3 were given", "TypeError: Cart.add() takes 2 positional arguments but 3 were given"),
    ("TypeError: __init__() missing 1 required positional argument: 'user'", "TypeError: Cart.__init__() missing 1 required positional argument: 'user'"),
    ("TypeError: go() got an unexpected keyword argument 'fast'", "TypeError: main.<locals>.go() got an unexpected keyword argument 'fast'"),
    ("UnboundLocalError: local variable 'x' referenced before assignment", "UnboundLocalError: cannot access local variable 'x' where it is not associated with a value"),
    ("TypeError: Can't instantiate abstract class Cart with abstract methods add", "TypeError: Can't instantiate abstract class Cart with abstract method add"),
    ("TypeError: Can't instantiate abstract class Cart with abstract method add", "TypeError: Can't instantiate abstract class Cart without an implementation for abstract method 'add'"),
    ("RecursionError: maximum recursion depth exceeded", "RecursionError: maximum recursion depth exceeded while calling a Python object"),
    ("SyntaxError: invalid syntax", "SyntaxError: expected ':'"),
    ("SyntaxError: invalid syntax", "SyntaxError: invalid syntax. Perhaps you forgot a comma?"),
    ("SyntaxError: invalid syntax", "SyntaxError: invalid syntax (broken.py, line 7)"),
    ("SyntaxError: unexpected EOF while parsing", "SyntaxError: '(' was never closed"),
    ("SyntaxError: EOL while scanning string literal", "SyntaxError: unterminated string literal (detected at line 3)"),
    ("socket.timeout: timed out", "TimeoutError: timed out"),
    ("re.error: nothing to repeat at position 0", "re.PatternError: nothing to repeat at position 0"),
    ("asyncio.exceptions.TimeoutError", "TimeoutError"),
]  # fmt: skip


def traceback(exception: str) -> str:
    return f'Traceback (most recent call last):\n  File "/srv/app/work.py", line 3, in go\n    x()\n{exception}\n'


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_wording_of_a_python_version_is_no_part_of_a_key(one, other):
    assert fingerprint(traceback(one)).key == fingerprint(traceback(other)).key


@pytest.mark.parametrize(("one", "other"), [SAME[0], SAME[4], SAME[6], SAME[7], SAME[10]])
def test_what_the_wording_is_about_stays_part_of_it(one, other):
    changed = (
        one.replace("'totl'", "'sum'")
        .replace("'user'", "'cart'")
        .replace("'x'", "'y'")
        .replace(" add", " drop")
    )
    if changed == one:
        changed = one.replace("invalid syntax", "cannot assign to literal")
    assert fingerprint(traceback(changed)).key != fingerprint(traceback(other)).key
