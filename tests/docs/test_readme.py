"""The README's steps for a pipeline of one's own, pasted into two terminals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite import postgres
from tests.drainsite.test_up import free_port

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
_, FIRST, SECOND = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.verify
def test_a_pipeline_of_ones_own_is_drained_from_the_readme_alone(tmp_path):
    own = ("DATABASE_URL", "DRAINSITE_TESTING", "DRAINSITE_DATA")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "HOME": str(tmp_path),
    }
    pasted = FIRST.replace("$PWD/.venv/bin/python", sys.executable)
    settings, up = pasted.split("manage.py up", 1)
    shell = ["bash", "-e", "-O", "expand_aliases"]
    site = subprocess.Popen(
        [*shell, "-c", f"{settings}\nmanage.py up --port {free_port()} {up}"], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert site.stdout is not None
        said: list[str] = []
        while not any(line.startswith("Serving") for line in said):
            said.append(site.stdout.readline())
            assert said[-1], said
        done = subprocess.run(
            shell, input=settings + SECOND, cwd=ROOT, env=environment, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip
        os.killpg(site.pid, signal.SIGINT)
        rest = site.communicate(timeout=120)[0]
    finally:
        site.kill()
        postgres.stop(tmp_path / "drainsite", force=True)
    assert said[0] == "Preparing the database and the pages ...\n"
    assert "Stopping: what runs is ended first" in rest
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "2 new" in done.stdout
    assert f"Its phases run in {tmp_path}/pipeline" in done.stdout
    assert "2 complete, 0 failed" in done.stdout
    assert "2 attempts on 2 phases ended (complete 2)" in done.stdout
