"""Texts for the speed tables: tracebacks as they come, and texts made to be slow."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable


def tracebacks(count: int, seed: int = 0) -> list[str]:
    """Tracebacks of about 1 kB with other lines, folders, ids and messages in each."""
    draw = random.Random(seed)
    return [_traceback(draw) for _ in range(count)]


def _traceback(draw: random.Random) -> str:
    folder = f"/srv/build-{draw.randint(1, 99)}/app"
    lines = ["Traceback (most recent call last):"]
    for depth in range(draw.randint(4, 7)):
        lines.append(
            f'  File "{folder}/stage{depth}.py", line {draw.randint(1, 900)}, in step_{depth}'
        )
        lines.append("    result = self.runner.execute(phase, context=context, attempt=attempt)")
        lines.append("             " + "^" * 30)
    return "\n".join([*lines, _message(draw)]) + "\n"


def _message(draw: random.Random) -> str:
    number = draw.randint(1, 99_999)
    return draw.choice(
        (
            f"RuntimeError: lease expired for worker-{uuid.UUID(int=draw.getrandbits(128))} after {number}ms",
            f"ValueError: invalid literal for int() with base 10: 'x{number}'",
            f"FileNotFoundError: [Errno 2] No such file or directory: '/srv/cache/{number}/settings.toml'",
            "ModuleNotFoundError: No module named 'coverage_tracker'",
            f"requests.exceptions.ConnectionError: HTTPConnectionPool(host='localhost', port={number}): Max retries exceeded",
        )
    )


def _repeat(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _random_text(size: int) -> str:
    return "".join(random.Random(5).choices("abcdefgh 0123456789:/.'\"\n()[]{}=<>-_", k=size))


_TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in b\n    x\nE: y\n'

HOSTILE: dict[str, Callable[[int], str | bytes]] = {
    **{
        f"{unit[:36]!r} again and again": _repeat(unit)
        for unit in (
            "a", "1", " ", "\n", "\t", '"', "'", "'a ", "(", "<", "<n>", "/", "\\", "a/", "a.", "A.", "a::", "a$", "=",
            "x\n", "\x1b[", "\x1b]", "\r", "\x00", "{", '{"', '{"a":1}\n', '{"error":"x"}\n', "é", "\u2028",
            "Traceback (most recent call last):\n", _TRACEBACK, '  File "x", line 1, in y\n',
            "The above exception was the direct cause\n" + _TRACEBACK, "    at f (a:1:1)\n", "\n    at a.b((((((:",
            "Error: \n", "panic: x\n", "thread 'x' panicked at ", "main.f(0x1)\n\t/x.go:1\n", "E   assert 1\n",
            "FAILED a.py::b - c\n", "2024-01-01T00:00:00Z x\n", "worker-1 | x\n", "[x] y\n", "npm ERR! code E\n",
            "a.b.c@d.e", "com.a-", "deadbeef", "12:34:56 ", "Jan 1 ", "user a ", "a failed error cannot 12345678\n",
            "  | + Exception Group Traceback (most recent call last):\n",
            # What the readers of reports, stacks and loggers look for.
            '--- FAIL: x\n', '  1) a\n     b\n', 'FAIL a::b\n', 'ok 1 - a\nnot ok 2 - b\n', 'Error in rule a:\n  x\n', '<testcase name="a"><failure\n', '    #0 0x1 in f a.c:1\n', "  from a.rb:1:in `b'\n", '   bei A.B.C(x) in C:\\a.cs:Zeile 1\n', 'Input In [8], in <cell line: 44>()\n', '> File "a", line 1, in b\n', 'cannot a\n    #0 0x1 in f a.c:1:2\n', 'level=error msg=x err=y\n', 'ERROR <path>/"<\n', 'a.c:1:1: error: x\n', 'E0505 10:11:12.1  1 a.go:1] cannot x\n', 'Caused by: a.B: c\n', 'error: x:\n', '(Background on ',
        )
    },
    "random printable text": _random_text,
    "random bytes": lambda size: random.Random(6).randbytes(size),
    "bytes that are no UTF-8": lambda size: b"\xff" * size,
}  # fmt: skip
