"""A failure as it looks each time: other values in its slots, as runners and collectors write it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

_FOLDERS = (
    "/home/runner/work/shop/shop",
    "/srv/ci/build-7",
    "/app",
    "/var/lib/jenkins/workspace/main@2",
)
_LIBRARIES = (
    "/usr/lib/python3.11",
    "/opt/hostedtoolcache/Python/3.12.1/x64/lib/python3.12",
    "/opt/venv/lib/python3.13",
)

NOISE = (
    "tests/test_shop.py::TestCart::test_add PASSED                            [ {p}%]",
    "Downloading wheel-{n}.whl ({n} kB)",
    "npm warn deprecated inflight@1.0.6: This module is not supported",
    "error_count=0 retries={n}",
    "0 errors, {n} warnings found",
    "[{n}/400] Building CXX object src/x{n}.o",
    "Successfully installed pkg-{n}.1",
    "INFO drain: heartbeat {n}",
    "collected {n} items",
)


def variants(text: str, count: int, seed: int = 7) -> Iterator[str]:
    """The same failure, ``count`` times, with other values in its slots."""
    draw = random.Random(seed)
    for index in range(count):
        yield text.format(
            dir=_FOLDERS[index % len(_FOLDERS)],
            lib=_LIBRARIES[index % len(_LIBRARIES)],
            n=draw.randint(3, 99_999),
            m=draw.randint(3, 9_999),
            hex=f"{draw.getrandbits(48):012x}a1",
            uuid=uuid.UUID(int=draw.getrandbits(128)),
            ip=f"10.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}",
            port=draw.randint(1024, 65_000),
            clock=f"2026-0{draw.randint(1, 9)}-1{draw.randint(0, 9)} 08:{draw.randint(10, 59)}:02,{draw.randint(100, 999)}",
        )  # fmt: skip


def wrapped(text: str, how: str, seed: int = 3) -> str:
    """The text as a runner or a log collector would have written it down."""
    draw = random.Random(seed)
    lines = text.rstrip("\n").split("\n")
    if how == "colours":
        return "\r\n".join(f"\x1b[31;1m{line}\x1b[0m" for line in lines)
    if how == "stamps":
        return (
            "\n".join(
                f"2026-03-14T09:41:{draw.randint(10, 59)}.{draw.randint(1000000, 9999999)}Z {line}"
                for line in lines
            )
            + "\n2026-03-14T09:42:00.0000000Z ##[error]Process completed with exit code 1."
        )
    if how == "brackets":
        return "\n".join(
            f"[2026-03-14 09:41:{draw.randint(10, 59)},{draw.randint(100, 999)}] {line}"
            for line in lines
        )
    if how == "compose":
        return "\n".join(f"worker-2  | {line}" for line in lines)
    if how == "noise":
        noise = [
            draw.choice(NOISE).format(n=draw.randint(2, 400), p=draw.randint(10, 99))
            for _ in range(80)
        ]
        return "\n".join([*noise[:70], *lines, *noise[70:]])
    return text
