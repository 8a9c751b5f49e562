"""Fuzzes the fingerprints with bytes for some seconds and reports what they must never do.

    python bench/fuzz_fingerprints.py [SECONDS] [--seed N]

Texts are made by cutting, repeating and mixing pieces that the readers look for. Reported are
exceptions, output that is unsafe to show, templates with another key than their own, and texts
that took more than 100 ms a megabyte. Exit 1 when there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from drain.fingerprints import fingerprint
from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.variants import variants, wrapped

_PIECES = [
    "\n", " ", "\t", "\r", "\x00", "\x1b[31m", "\x1b]", "'", '"', "(", ")", "[", "]", "{", "}", "<", ">", "/", "\\", ":", "=", "|", "+", "%", "@",
    "12", "0x1f", "deadbeef", "a93c7d2", "1.5s", "10.0.0.1", "::1", "2026-01-02", "12:30:01", "Jan 2 ", "http://a.b/c?d=e", "a@b.cd", "C:\\a\\b.py",
    "Traceback (most recent call last):\n", '  File "', '", line 1, in f\n', "The above exception was the direct cause", "    at ", "Caused by: ",
    "panic: ", "goroutine 1", "panicked at ", "E   ", "= FAILURES =", "short test summary info", "FAILED ", "npm ERR! code ", "CMake Error", "error: ",
    "fatal: ", "ERROR ", "\nin ", "\ncaused by ", "<n>", "<path>/", "<host>", "model: ", "exit code ", "_id\": \"", "é", "\u202e", "\U0001f600",
]  # fmt: skip
_SLOW_SECONDS_A_CHARACTER = 0.1 / 1_000_000
# Below this the clock and the fixed costs say more than the text does.
_LEAST_SECONDS = 0.06


def main() -> int:
    """Fuzz, print the findings, tell by the exit code whether there were any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    end = time.monotonic() + arguments.seconds
    count, slowest = 0, 0.0
    findings: list[str] = []
    while time.monotonic() < end and len(findings) < 20:
        text = make(draw)
        start = time.process_time()
        finding = examine(text)
        seconds = time.process_time() - start
        slowest = max(slowest, seconds)
        # Twice is needed: the clock counts the other findings' work as well.
        if finding is None and seconds > max(
            _LEAST_SECONDS * 2, 2 * len(text) * _SLOW_SECONDS_A_CHARACTER
        ):
            finding = f"slow: {seconds * 1e3:.0f} ms for {len(text)} characters"
        if finding:
            findings.append(f"{finding}\n    {text[:300]!r}")
        count += 1
    print("\n".join(findings) if findings else "nothing found")
    print(
        f"{count} texts in {arguments.seconds:.0f} s, seed {arguments.seed}, slowest {slowest * 1e3:.0f} ms"
    )
    return 1 if findings else 0


def make(draw: random.Random) -> str | bytes:
    """A text of up to some hundred kilobytes: pieces, a broken failure, or bare bytes."""
    kind = draw.random()
    if kind < 0.15:
        return draw.randbytes(draw.randint(0, 4_000))
    if kind < 0.6:
        return mutate(
            draw, next(variants(draw.choice(list(FAILURES.values())), 1, draw.randint(0, 10**6)))
        )
    units = [draw.choice(_PIECES) for _ in range(draw.randint(1, 12))]
    if kind < 0.97:
        return "".join(draw.choices(units, k=draw.randint(1, 200)))
    return "".join(units) * draw.randint(1, 20_000)


def mutate(draw: random.Random, text: str) -> str:
    """A failure with a wrapping, some pieces put in and some cut out."""
    text = wrapped(
        text, draw.choice(["plain", "colours", "stamps", "compose", "noise"]), draw.randint(0, 999)
    )
    for _ in range(draw.randint(0, 8)):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice(_PIECES) + text[at + draw.randint(0, 30) :]
    return text


def examine(text: str | bytes) -> str | None:
    """Return the fault of the text's fingerprint; None when there is none."""
    try:
        result = fingerprint(text)
        again = fingerprint(result.template)
    except Exception as error:  # noqa: BLE001 - the point is that none may come
        return f"raised {error!r}"
    shown = result.title + result.template.replace("\n", "")
    if not all(char.isprintable() or char == "\u3000" or char.isspace() for char in shown) and any(
        ord(char) < 32 for char in shown
    ):
        return f"unsafe output {shown!r}"
    if again.key != result.key:
        return f"template {result.template[:500]!r} became {again.template[:500]!r}"
    return None


if __name__ == "__main__":
    sys.exit(main())
