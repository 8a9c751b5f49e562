"""The tutorial, pasted line by line into one terminal as a new user would, beginning in the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite import postgres

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)


@pytest.mark.verify
def test_the_tutorial_does_what_it_says_and_its_fix_is_proved(tmp_path):
    own = ("DATABASE_URL", "DRAINSITE_TESTING", "DRAINSITE_DATA")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "HOME": str(tmp_path),
    }
    pasted = "".join(f"echo '=== {at}'\n{block}" for at, block in enumerate(BLOCKS))
    # This interpreter, wherever its environment is.
    pasted = pasted.replace("$PWD/.venv/bin/python", sys.executable)
    folder = tmp_path / "drainsite-tutorial"
    try:
        # Aliases are a matter of terminals: bash takes them from a script only if it is told to.
        done = subprocess.run(
            ["bash", "-e", "-O", "expand_aliases"], input=pasted, cwd=ROOT, env=environment, capture_output=True,
            text=True, check=False, timeout=900,
        )  # fmt: skip
    finally:
        postgres.stop(folder / "site", force=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    said = re.split(r"^=== \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    assert "24 new" in said[2]
    assert "10 selected + 14 beyond_batch = 24 failed" in said[3]
    assert re.search(r"^6887a8ae\w+ +new +24 ", said[3], re.MULTILINE)
    assert "12 failed" in said[4]
    assert "24 complete" in said[5]
    assert "cannot be told" not in said[5]
    assert "24 of 24 counted attempts completed; fix FM-1: works" in said[6]
    report = (folder / "report.md").read_text()
    assert "**Context**: after the fix" in report
    assert "before it 12 of 12 phases" in report
