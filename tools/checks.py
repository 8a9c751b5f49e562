"""`make lint` and `make test`: run every check to its end, then say which failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = sys.executable
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# pytest's code for "no test was selected", which is no failure of a part that has none yet.
NOTHING_SELECTED = 5
DJANGO_TEMPLATES = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob("templates/django/**/*.html")
)

LINT: dict[str, list[str]] = {
    "style": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "types": [str(BIN / "mypy"), "."],
    "imports": [str(BIN / "lint-imports")],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "no markup in Python": [PYTHON, "-m", "tools.markup"],
    "house rules": [PYTHON, "-m", "tools.house"],
    "pages": [str(BIN / "djlint"), "--profile=jinja", "--lint", "--quiet", "templates/drain"],
    "admin templates": [
        str(BIN / "djlint"), "--profile=django", "--lint", "--quiet", "templates/django",
    ],
    "admin template format": [
        str(BIN / "djade"), "--check", "--target-version", "5.2", *DJANGO_TEMPLATES,
    ],
}  # fmt: skip
# A commit passes or fails by itself, not by the order that a day happens to draw; elsewhere each run draws
# its own.
ORDER = ["--randomly-seed=1"] if "CI" in os.environ else []
PYTEST = [PYTHON, "-m", "pytest", "-q", *ORDER]
ALONE = {"tests, one at a time": [*PYTEST, "-m", "serial and not verify"]}
# On two cores three processes: at any moment one of them waits for the database, a child or a clock.
TEST = {"tests": [*PYTEST, "-n", "3", "-m", "not serial and not verify"]}


def main(parts: list[str]) -> int:
    """Run the asked parts beside one another, tests that go one at a time among them; 0 only when all passed."""
    environment = isolated()
    together = [LINT] if "lint" in parts else []
    if "test" in parts:
        environment["DRAINSITE_CHROMIUM"] = find_chromium()
        together += [ALONE, TEST]
    with ThreadPoolExecutor() as pool:
        failed = [
            name for names in pool.map(partial(failures, environment), together) for name in names
        ]
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
        return 1
    print("All checks passed.")
    return 0


def failures(environment: dict[str, str], checks: dict[str, list[str]]) -> list[str]:
    """Run these checks one after the other; which of them failed."""
    return [name for name, argv in checks.items() if not passes(name, argv, environment)]


def isolated() -> dict[str, str]:
    """The environment of every check: neither checks nor tests may meet the data of a real site in var/."""
    # Tests start the product hundreds of times: it is compiled the first time, whatever this machine is set
    # to.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    if "DATABASE_URL" not in environment:
        environment.setdefault("DRAINSITE_DATA", str(ROOT / "var" / "test"))
        environment.setdefault("DRAINSITE_FSYNC", "off")
    return environment


def passes(name: str, argv: list[str], environment: dict[str, str]) -> bool:
    """Run one check with its output shown, and how long it took."""
    begun = time.monotonic()
    code, _ = shown(name, argv, environment)
    print(f"== {name}: {'ok' if code == 0 else f'code {code}'}, {time.monotonic() - begun:.1f} s")
    return code == 0 or (code == NOTHING_SELECTED and name in {*ALONE, *TEST})


def shown(
    name: str, argv: list[str], environment: dict[str, str], cwd: str | Path = ROOT
) -> tuple[int, list[str]]:
    """Run a command, its lines shown behind its name, as others may run beside it; its exit code and lines."""
    lines = []
    with subprocess.Popen(
        argv, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"{name}: {line}", end="", flush=True)
            lines.append(line)
    return process.wait(), lines


def find_chromium() -> str:
    """The browser for the journeys: named, on the PATH, or installed now; else one sentence."""
    named = os.environ.get("DRAINSITE_CHROMIUM")
    if named and not shutil.which(named):
        sys.exit(f"DRAINSITE_CHROMIUM names {named}, which cannot be run: correct or unset it.")
    for candidate in (named, *BROWSERS):
        if candidate and (found := shutil.which(candidate)):
            return found
    return _install_chromium()


def _install_chromium() -> str:
    print("No Chromium found: installing one for the browser tests ...", flush=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for argv in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "chromium"]):
            subprocess.run(argv, stdin=subprocess.DEVNULL, check=False)
        if found := shutil.which("chromium"):
            return found
    subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], check=False)
    look = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([PYTHON, "-c", look], capture_output=True, text=True, check=False)
    if Path(answer.stdout.strip() or "/nowhere").is_file():
        return answer.stdout.strip()
    return sys.exit(
        "The browser tests need Chromium and it could not be installed: "
        "install it (on Debian: apt install chromium) or set DRAINSITE_CHROMIUM to its path."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
