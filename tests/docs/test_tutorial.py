"""The tutorial, pasted line by line as a new user would, in an empty folder."""

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
def test_the_tutorial_does_what_it_says(tmp_path):
    data = tmp_path / "site"
    command = tmp_path / "bin" / "manage.py"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "manage.py"} "$@"\n')
    command.chmod(0o755)
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DRAINSITE_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "PATH": f"{command.parent}:{os.environ['PATH']}",
    }
    environment.pop("DRAINSITE_TESTING", None)
    said = []
    try:
        for block in BLOCKS:
            done = subprocess.run(
                ["sh", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True,
                check=False, timeout=600,
            )  # fmt: skip
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    finally:
        postgres.stop(data, force=True)
    assert "20 new" in said[1]
    assert "10 selected + 10 beyond_batch = 20 failed" in said[2]
    assert "3 failed" in said[3]
    assert "17 run_stopped" in said[3]
    assert "20 complete" in said[4]
    report = (folder / "report.md").read_text()
    assert "**Context**: after the fix" in report
    assert "20 FAILED" in said[4]
    assert "20 COMPLETE" in said[4]
