"""docs/sql.md, pasted block by block: a table in, a drain, and what stands in the table afterwards."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from drainsite import postgres

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "docs" / "sql.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.verify
def test_the_document_does_what_it_says(tmp_path):
    folder, data, programs = tmp_path / "work", tmp_path / "site", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    manage = programs / "manage.py"
    manage.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "manage.py"} "$@"\n')
    manage.chmod(0o755)
    own = ("DATABASE_URL", "DRAINSITE_TESTING", "DRAINSITE_DATA")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        "DRAINSITE_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    said = []
    try:
        for block in ["manage.py migrate -v 0", *BLOCKS]:
            done = subprocess.run(
                ["sh", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True,
                check=False, timeout=600,
            )  # fmt: skip
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    finally:
        postgres.stop(data, force=True)
    _, _, preview, imported, told, drained = said
    assert "night | mail | FAILED  SMTPError: 421" in preview
    assert "3 phases: 3 new" in imported, "the dry run wrote nothing"
    assert "3 unchanged" in imported.splitlines()[-1]
    assert "3 unchanged" in told
    assert "1 complete" in drained
    with closing(sqlite3.connect(folder / "jobs.sqlite3")) as table:
        found = table.execute("SELECT job, status, note, error FROM jobs ORDER BY job").fetchall()
    assert found == [
        ("clean", "done", None, None),
        ("load", "done", "", "KeyError: 'id'"),
        ("mail", "failed", "SMTPError: 550", "SMTPError: 421"),
    ]
