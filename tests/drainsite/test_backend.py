"""Django on the embedded server: connections come back, and commands start only what they need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite.postgres import postmaster
from drainsite.postgres.layout import layout_of

ROOT = Path(__file__).resolve().parents[2]
SURVIVE = """
import os, signal, django
django.setup()
from django.conf import settings
from django.db import connection
from drainsite import postgres
connection.ensure_connection()
os.kill(postgres.status(settings.DATA_DIR).pid, signal.SIGKILL)
connection.close()
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database()")
    print(cursor.fetchone()[0])
"""


@pytest.fixture
def manage(tmp_path):
    site = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    site |= {"DRAINSITE_DATA": str(tmp_path), "DRAINSITE_FSYNC": "off"}
    site |= {"DJANGO_SETTINGS_MODULE": "drainsite.settings", "PYTHONPATH": str(ROOT)}

    def run(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-W", "ignore", *words]
        return subprocess.run(
            argv, cwd=ROOT, env=site, input=given, capture_output=True, text=True, check=False
        )

    yield run
    running = postmaster.find(layout_of(tmp_path).data)
    if running:
        postmaster.end(running.pid, layout_of(tmp_path).data, how=signal.SIGQUIT, seconds=30)


def test_a_new_connection_starts_a_killed_server_again(manage):
    done = manage("-c", SURVIVE)
    assert done.stdout == "drainsite\n", done.stderr


def test_a_command_that_needs_no_database_starts_none(manage, tmp_path):
    assert manage("manage.py", "diffsettings").returncode == 0
    assert not (tmp_path / "postgres").exists()


@pytest.mark.verify
def test_db_start_keeps_the_server_until_db_stop(manage, tmp_path):
    assert manage("manage.py", "db", "start").stdout.startswith("running (process ")
    assert postmaster.find(layout_of(tmp_path).data)
    shell = manage("manage.py", "dbshell", "--", "-At", given="SELECT current_user;\n")
    assert shell.stdout == "drainsite\n"
    assert manage("manage.py", "db", "status").stdout.startswith("running (process ")
    assert manage("manage.py", "db", "stop").stdout == "not running\n"
    assert postmaster.find(layout_of(tmp_path).data) is None


@pytest.mark.verify
def test_what_was_dumped_is_there_again_after_a_restore(manage, tmp_path):
    def asked(statement: str) -> str:
        found: str = manage("manage.py", "dbshell", "--", "-Atq", given=statement).stdout.strip()
        return found

    file = tmp_path / "site.dump"
    asked("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here');")
    done = manage("manage.py", "db", "dump", str(file))
    assert done.stdout.startswith(f"The database is in {file} ("), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in manage("manage.py", "db", "dump", str(file)).stderr
    assert "cannot be written" in manage("manage.py", "db", "dump", "/nowhere/at/all").stderr
    asked("DELETE FROM kept;")
    used = manage("manage.py", "db", "restore", str(tmp_path / "none"))
    assert "is no file" in used.stderr
    assert manage("manage.py", "db", "restore", str(file)).stdout.startswith("The database is that")
    assert asked("SELECT word FROM kept;") == "here"
    (tmp_path / "broken").write_text("no dump")
    assert (
        "pg_restore failed: "
        in manage("manage.py", "db", "restore", str(tmp_path / "broken")).stderr
    )
    assert asked("SELECT word FROM kept;") == "here"
    assert "take a file" in manage("manage.py", "db", "dump").stderr
