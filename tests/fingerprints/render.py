"""Unseen failures of many tools, as text files with slots for what changes between runs."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
_FOLDERS = (
    "/home/runner/work/shop/shop",
    "/srv/ci/build-7",
    "/app",
    "/var/lib/jenkins/workspace/main@2",
)
# What Kubernetes draws the end of a pod's name from.
_POD = "bcdfghjklmnpqrstvwxz2456789"
_LETTERS = "ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789"


class Text(NamedTuple):
    """A failure's text, the tool that wrote it, and the cause it stands for."""

    family: str
    group: str
    text: str


def texts(name: str, variants: int = 2) -> Iterator[Text]:
    """Every failure of a file, each ``variants`` times with other values."""
    for block in re.split(r"^=== ", (HERE / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]:
        head, _, body = block.partition("\n")
        family, group = head.split()
        for index in range(variants):
            yield Text(
                family,
                f"{family}/{group}",
                _filled(body, f"{head}{index}", _FOLDERS[(index + len(head)) % 4]),
            )


def _filled(body: str, seed: str, folder: str) -> str:
    slots = _slots(random.Random(seed), folder)
    return re.sub(r"«(\w+)»", lambda found: slots[found[1]](), body)


def _slots(draw: random.Random, folder: str) -> dict[str, Callable[[], str]]:
    def number(least: int, most: int) -> Callable[[], str]:
        return lambda: str(draw.randint(least, most))

    return {
        "n": number(11, 9999), "m": number(11, 99), "s": number(1, 9), "ms": number(100, 999), "port": number(1024, 65_000),
        "dir": lambda: folder,
        "hex": lambda: f"{draw.getrandbits(64):016x}a1",
        "HEX": lambda: f"{draw.getrandbits(64):016X}",
        "uuid": lambda: str(uuid.UUID(int=draw.getrandbits(128))),
        "ip": lambda: f"10.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}",
        "clock": lambda: f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}",
        "date": lambda: f"2025-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
        "mon": lambda: f"{draw.choice(['Jan', 'May', 'Oct'])} {draw.randint(10, 28)}",
        "b64": lambda: "".join(draw.choices(_LETTERS, k=24)),
        "pod": lambda: "".join(draw.choices("0123456789bcdf", k=9)) + "9b-" + "".join(draw.choices(_POD, k=5)),
        "word": lambda: draw.choice(["alpha", "delta9", "x-1", "n/a", "foo", "12,5"]),
        "person": lambda: draw.choice(["Ann Lee", "bob", "J. R. Hartley"]),
    }  # fmt: skip
