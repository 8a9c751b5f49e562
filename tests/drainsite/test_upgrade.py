"""A site of version 0.1.0, with the two drains of its demo, becomes one of this version and loses nothing."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite import postgres

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "tests" / "data" / "site-0.1.0.sql.gz"
"""Made by pg_dump from the data of `make demo ONCE=1` at version 0.1.0;
passwords and paths of the machine were taken out.
"""
KNOWN = {
    "SELECT count(*) FROM drain_run": 25,
    "SELECT count(*) FROM drain_phase": 226,
    "SELECT count(*) FROM drain_attempt": 265,
    "SELECT count(*) FROM drain_transition": 545,
    "SELECT count(*) FROM drain_telemetryevent": 350,
    "SELECT count(*) FROM drain_phase WHERE state = 'FAILED'": 74,
    "SELECT count(*) FROM drain_drainsession WHERE state = 'finished'": 2,
    "SELECT sum(telemetry_count) FROM drain_attempt": 350,
}


@pytest.fixture
def site(tmp_path):
    """A way to call commands on that site, upgraded by nothing yet."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "DRAINSITE_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
    }

    def manage(*arguments: str, stdin: bytes | None = None) -> str:
        argv = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            argv, env=environment, input=stdin, capture_output=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr.decode()[-3000:]}"
        return done.stdout.decode()

    try:
        manage("db", "start")
        manage(
            "dbshell",
            "--",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            stdin=gzip.decompress(SITE.read_bytes()),
        )
        yield manage
    finally:
        postgres.stop(tmp_path, force=True)


@pytest.mark.verify
def test_a_site_of_the_version_before_is_upgraded_with_all_it_knows(site):
    def ask(question: str) -> int:
        return int(site("dbshell", "--", "-Atc", question))

    before = {question: ask(question) for question in KNOWN}
    assert before == KNOWN, "the data is not what it was made from"
    site("migrate", "-v", "0")
    assert {question: ask(question) for question in KNOWN} == before
    site("rollups", "check")
    assert "Completion rate" in site("report", "latest")
    drains = json.loads(site("drains", "--json"))["drains"]
    assert len(drains) == 2
    plan = json.loads(site("drain", "--dry-run", "--json", "--batch-size", "5"))
    assert plan["total_failed"] == 74
    assert len(plan["selected"]) == 5
    assert len(plan["selected"]) + len(plan["excluded"]) == 74
