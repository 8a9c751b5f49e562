"""Keys are the same on every supported Python and under every hash seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.variants import variants

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import json, sys; from drain.fingerprints import fingerprint; print(json.dumps([fingerprint(t).fine for t in json.load(sys.stdin)]))"


def interpreters() -> list[str]:
    """This Python and any other supported one that is installed here."""
    found = {sys.executable}
    for minor in (11, 12, 13):
        name = f"python3.{minor}"
        found.update(path for path in [shutil.which(name)] if path)
        found.update(
            str(path) for path in Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}")
        )
    return sorted(path for path in found if works(path))


def works(interpreter: str) -> bool:
    """Return whether it runs at all: a version manager's stand-in for a missing Python does not."""
    return (
        subprocess.run([interpreter, "-c", "pass"], capture_output=True, check=False).returncode
        == 0
    )


def keys(interpreter: str, seed: str, texts: list[str]) -> list[str]:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [interpreter, "-c", PROGRAM], cwd=ROOT, env=environment, input=json.dumps(texts), capture_output=True, text=True, check=True
    )  # fmt: skip
    answer: list[str] = json.loads(done.stdout)
    return answer


@pytest.mark.verify
def test_every_python_and_hash_seed_gives_the_same_keys():
    texts = [text for failure in FAILURES.values() for text in variants(failure, 2)]
    wanted = keys(sys.executable, "0", texts)
    for interpreter in interpreters():
        assert keys(interpreter, "4711", texts) == wanted, interpreter


def test_keys_do_not_change_without_a_new_version():
    """These are stored in databases: change them only together with ``VERSION``."""
    from drain.fingerprints import VERSION, fingerprint

    known = {
        "ModuleNotFoundError: No module named 'praw'": "15e49805ce2a72437d2385ffca1e118e",
        "TOKEN_ESCALATION: output truncated at 8192 tokens (budget 4096)": "b9de641c9d051519ec1c499b026ccb5c",
        "fatal: not a git repository": "70b05ef7abf4ff9befbbf93128ee7fb5",
    }
    assert VERSION == 4
    assert {text: fingerprint(text).key for text in known} == known
