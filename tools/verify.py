"""`make verify`: everything that `make test` leaves out, with a table of what came out at its end.

What fills both cores runs beside what mostly waits. Seeds are fixed, so that two runs of one commit do the
same. Name parts to run only these: `.venv/bin/python -m tools.verify slow python3.12`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.checks import PYTHON, ROOT, find_chromium, isolated, shown

OLD_PIP = {"3.11": "23.0.1", "3.12": "23.2.1"}
"""The oldest pip that people meet with a Python: Debian 12's, and that of Python 3.12.1."""
SEEDED = ["-p", "randomly", "-p", "no:cacheprovider", "--randomly-seed=1", "--hypothesis-seed=1"]
COUNTED = re.compile(r"\d+ (?:passed|failed|error).* in [\d.]+")
PYTEST = ["-m", "pytest", "-q", "--durations=0", "--durations-min=20", *SEEDED]


@dataclass(frozen=True)
class Row:
    """One line of the table: a part, what came out of it, and how long it took."""

    part: str
    result: str
    seconds: float
    ok: bool


def main(asked: list[str]) -> int:
    """Run the parts asked for, or all; 0 only when every one of them holds."""
    environment = {**isolated(), "DRAINSITE_CHROMIUM": find_chromium(), "CI": "true"}
    unknown = sorted(set(asked) - set(PARTS))
    if unknown:
        sys.exit(f"No such part: {', '.join(unknown)}. There are {', '.join(PARTS)}.")
    begun = time.monotonic()
    wanted = [name for name in PARTS if not asked or name in asked]
    at_once = 1 if "DATABASE_URL" in environment else 2
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        found = pool.map(lambda name: PARTS[name](_apart(name, environment)), wanted)
        rows = [row for rows in found for row in rows]
    print(table(rows, time.monotonic() - begun))
    return 0 if all(row.ok for row in rows) else 1


def _apart(name: str, environment: dict[str, str]) -> dict[str, str]:
    """Two parts that run at once have each a server of their own: their tests name databases alike."""
    if "DATABASE_URL" in environment:
        return environment
    return {**environment, "DRAINSITE_DATA": f"{environment['DRAINSITE_DATA']}-{name}"}


def table(rows: list[Row], spent: float) -> str:
    """The rows in columns, ending with how long all took."""
    wide = max(len(row.part) for row in rows)
    lines = [
        f"{row.part:<{wide}}  {'ok' if row.ok else 'FAILED':<6}  {row.seconds:6.1f} s  {row.result}"
        for row in rows
    ]
    failed = sum(not row.ok for row in rows)
    lines.append(f"{len(rows)} parts in {spent / 60:.1f} minutes, {failed} failed")
    return "\n".join(["", *lines])


def slow(environment: dict[str, str]) -> list[Row]:
    """Run the tests of this door alone: slow ones, optional modes, every page under axe-core."""
    argv = [PYTHON, *PYTEST, "-n", "2", "-m", "verify and not serial"]
    return [_run("slow tests", argv, environment)]


def serial(environment: dict[str, str]) -> list[Row]:
    """Whole sites in processes of their own, broken at random: they mostly wait."""
    argv = [PYTHON, *PYTEST, "-m", "verify and serial"]
    return [_run("slow tests, serial", argv, environment)]


def on_python(version: str, environment: dict[str, str]) -> list[Row]:
    """The lock into an empty environment of this Python, by the oldest pip it is met with, no cache; then, if
    it is not the one of `make test`, its tests but for browser and serial ones. Nothing where it is not
    found.
    """
    python = _python(version)
    return _on_python(version, python, environment) if python else []


def wheel(environment: dict[str, str]) -> list[Row]:
    """The package as a user has it: built, installed into an empty environment elsewhere, drained with."""
    with tempfile.TemporaryDirectory() as folder:
        build = [PYTHON, "-m", "pip", "--quiet", "wheel", "--no-deps", "-w", folder, str(ROOT)]
        # What an earlier build left would come along.
        shutil.rmtree(ROOT / "build", ignore_errors=True)
        built = _run("wheel: build", build, environment)
        shutil.rmtree(ROOT / "build", ignore_errors=True)
        found = list(Path(folder).glob("drainsite-*.whl"))
        if not found:
            return [built]
        own, elsewhere = f"{folder}/venv/bin", f"{folder}/elsewhere"
        Path(elsewhere).mkdir()
        quiet = [f"{own}/python", "-m", "pip", "--quiet", "--no-cache-dir", "install"]
        steps = [
            [PYTHON, "-m", "venv", f"{folder}/venv"],
            [*quiet, "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")],
            [*quiet, "--no-deps", str(found[0])],
        ]
        for step in steps:
            subprocess.run(step, cwd=elsewhere, env=environment, check=True)
        given = {
            key: value for key, value in environment.items() if not key.startswith("DRAINSITE")
        }
        given |= {"DRAINSITE_DATA": f"{folder}/data", "PATH": f"{own}:{os.environ['PATH']}"}
        demo = [f"{own}/drainsite", "demo", "--once", "--port", _free_port()]
        return [built, _run("wheel: drainsite demo --once", demo, given, elsewhere)]


PARTS: dict[str, Callable[[dict[str, str]], list[Row]]] = {
    "serial": serial,
    "slow": slow,
    "python3.13": partial(on_python, "3.13"),
    "python3.12": partial(on_python, "3.12"),
    "wheel": wheel,
    "python3.11": partial(on_python, "3.11"),
}
"""Two at a time, in this order: the longest first, so that neither half waits long for the other."""


def _python(version: str) -> str | None:
    """The path of this Python if it really runs here: a shim may be there and yet fail."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = f"python{version}"
    for candidate in (shutil.which(named), *map(str, versions.glob(f"{version}.*/bin/{named}"))):
        if candidate and _runs(candidate):
            return candidate
    return None


def _runs(python: str) -> bool:
    probe = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
    return probe.returncode == 0


def _environment(python: str, folder: str, environment: dict[str, str], pip: str = "") -> str:
    """A virtual environment with what the tests need; its Python."""
    own = f"{folder}/venv/bin/python"
    install = [own, "-m", "pip", "--quiet", "--no-cache-dir", "install"]
    locked = [*install, "--no-deps", "--require-hashes", "-r"]
    steps = [
        [python, "-m", "venv", f"{folder}/venv"],
        *([[*install, f"pip=={pip}"]] if pip else []),
        [*locked, "requirements/run.txt"],
        [*locked, "requirements/test.txt"],
        [own, "-m", "pip", "check"],
    ]
    for step in steps:
        subprocess.run(step, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return own


def _on_python(version: str, python: str, environment: dict[str, str]) -> list[Row]:
    pip = OLD_PIP.get(version, "")
    name = f"installation on Python {version}, pip {pip or 'as it comes'}"
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            own = _environment(python, folder, environment, pip)
        except subprocess.CalledProcessError as error:
            return [Row(name, f"code {error.returncode}", time.monotonic() - begun, ok=False)]
        checked = _run(name, [own, "manage.py", "check"], environment)
        rows = [Row(name, checked.result, time.monotonic() - begun, checked.ok)]
        if version != f"{sys.version_info.major}.{sys.version_info.minor}":
            argv = [own, *PYTEST, "-n", "2", "-m", "not serial and not verify and not browser"]
            rows.append(_run(f"tests on Python {version}", argv, environment))
        return rows


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _run(name: str, argv: list[str], environment: dict[str, str], cwd: str | Path = ROOT) -> Row:
    """Run it with its output shown; its row tells the last line that counts tests, if there is one."""
    begun = time.monotonic()
    code, lines = shown(name, argv, environment, cwd)
    counted = [found.group() for line in lines if (found := COUNTED.search(line))]
    return Row(name, [f"code {code}", *counted][-1], time.monotonic() - begun, code == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
