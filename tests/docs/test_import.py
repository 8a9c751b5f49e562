"""docs/import.md, pasted line by line, with a real pytest whose failures are drained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite import postgres

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "docs" / "import.md").read_text(), re.DOTALL | re.MULTILINE
)


def program(path: Path, line: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
    path.chmod(0o755)


def site(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a site of its own, with `manage.py` and `pytest` on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs / "manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    alone = "env -u DJANGO_SETTINGS_MODULE PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"
    program(programs / "pytest", f"{alone} {sys.executable} -m pytest -p no:cacheprovider")
    left_out = ("DATABASE_URL", "DRAINSITE_TESTING")
    return {
        **{name: value for name, value in os.environ.items() if name not in left_out},
        "DRAINSITE_DATA": str(tmp_path / "site"),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


@pytest.mark.verify
def test_the_document_does_what_it_says(tmp_path):
    folder, environment = tmp_path / "work", site(tmp_path)
    folder.mkdir()
    said = []
    states = (
        "manage.py import_phases report.xml --set run_id=copy --dry-run >&2;"
        "manage.py shell -v 0 -c 'from drain.models import Phase;"
        ' print(*Phase.objects.filter(run__run_id="shop").order_by("name").values_list("state", flat=True))\''
    )
    try:
        for block in ["manage.py migrate -v 0", *BLOCKS, states]:
            done = subprocess.run(
                ["sh", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True,
                check=False, timeout=600,
            )  # fmt: skip
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    finally:
        postgres.stop(tmp_path / "site", force=True)
    _, preview, mapped, tests, drained, mapping, graph, lenient, ended = said
    assert "Recognised as CSV with ; between fields, UTF-8" in preview
    assert "Left out: 1 in state upstream_failed" in preview
    assert "3 phases: 3 new" in mapped, "the dry run wrote nothing"
    assert "4 phases: 4 new" in tests
    assert "2 complete" in drained
    assert "1 failed" in drained
    assert "1 in state gone" in mapping
    assert "1 dependency added" in graph
    assert "1 rejected:" in lenient
    assert "Line 2 is no JSON" in lenient
    assert ended.split() == ["COMPLETE", "COMPLETE", "COMPLETE", "FAILED"], (
        "names, prices, stock, taxes"
    )
