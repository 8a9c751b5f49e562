"""Compile requirements/*.txt from pyproject.toml: every version with its hashes, no index address."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    "uv",
    "pip",
    "compile",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
    "--quiet",
]
AS_TESTED = ["--constraint", "requirements/test.txt"]
TARGETS = {
    "test.txt": ["pyproject.toml", "--extra", "test"],
    # A run gets exactly the versions that were tested.
    "run.txt": ["pyproject.toml", *AS_TESTED],
    "oidc.txt": ["pyproject.toml", "--extra", "oidc", *AS_TESTED],
    "redis.txt": ["pyproject.toml", "--extra", "redis", *AS_TESTED],
    "chat.txt": ["pyproject.toml", "--extra", "chat", *AS_TESTED],
    "docs.txt": ["--group", "docs"],
}


def main() -> int:
    """Compile one after the other with uv, fetched when missing; the first failure ends it."""
    if importlib.util.find_spec("uv") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    for name, options in TARGETS.items():
        argv = [sys.executable, "-m", *COMPILE, *options, "-o", f"requirements/{name}"]
        code = subprocess.run(argv, cwd=ROOT, check=False).returncode
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
