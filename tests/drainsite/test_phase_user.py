"""`up --phase-user`: phases run as another user, to whom nothing of the site is open; or nothing starts.

What only root can try goes with `make verify`.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import connection

from drain.engine.process.profile import Profile, check
from drain.engine.workers.identity import to_profile
from drain.models import ExecutorProfile
from drainsite.management import phase_user, serving
from drainsite.management.serving import ServeOptions
from tests.hosts import Host, until

OTHER = "nobody"
# What of the site the phase can read, which sockets it can write to, whose environments it can see.
SPY = """
id -un
find "$SITE" -type f -readable ! -path "*/static/*" -printf 'file %P\\n' 2>/dev/null
find "$SITE" /tmp/drainsite-* -type s -writable -printf 'socket %f\\n' 2>/dev/null
for each in /proc/[0-9]*; do
  tr '\\0' '\\n' < "$each/environ" 2>/dev/null | grep -q '^DRAINSITE_DATA=' && echo "process $each"
done
echo done > "$OUT"
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody can enter, unlike pytest's: what is closed there is closed by itself."""
    folder = Path(tempfile.mkdtemp(prefix="drain-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run(site: Path, *arguments: str, code: int = 0) -> str:
    host = Host(*arguments, folder=site, DATABASE_URL="")
    try:
        assert host.ended(300) == code, host.output
        return host.output
    finally:
        host.clear()


@pytest.mark.verify
@pytest.mark.parametrize(
    "options", [("--phase-user", OTHER), ()], ids=["another user", "the site's own"]
)
def test_a_phase_of_another_user_can_read_nothing_of_the_site_and_one_of_its_own_user_can(
    place, options
):
    site, out = place / "site", place / "out"
    out.mkdir()
    out.chmod(0o777)
    up = Host("up", "--role", "worker", "--workers", "1", *options, folder=site, DATABASE_URL="")
    try:
        until(lambda: "Working" in up.output, 120, up)
        run(
            site, "executor", "set", "spy", "--default", "--cwd", str(out),
            "--env", f"SITE={site}", f"OUT={out}/done", "--", "/bin/sh", "-c", SPY,
        )  # fmt: skip
        phases = place / "phases.jsonl"
        phases.write_text(json.dumps({"run_id": "r", "phase_id": "p", "state": "FAILED"}))
        run(site, "import_phases", str(phases))
        run(site, "drain", "--run-id", "r")
        assert (out / "done").exists()
        printed = run(site, "log", "1")
        up.end()
    finally:
        up.clear()
    found = [
        line for line in printed.splitlines() if line.startswith(("file", "socket", "process"))
    ]
    if options:
        assert OTHER in printed
        assert found == []
    else:
        assert "file postgres/password" in found
        assert "socket .s.PGSQL.5432" in found


@pytest.mark.parametrize(
    ("user", "sentence"),
    [("no-such-user", "There is no OS user 'no-such-user'"), ("root", "root is root")],
)
def test_a_user_that_is_none_or_everybody_is_refused(user, sentence, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(CommandError, match=sentence):
        ServeOptions(role="worker", phase_user=user).check()


def test_only_root_can_start_phases_of_another_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CommandError, match="works for root only"):
        ServeOptions(role="worker", phase_user=OTHER).check()
    ServeOptions(role="worker").check()


@pytest.mark.verify
@pytest.mark.parametrize(
    "name", ["secret_key", "logs", "postgres/password", "postgres/data", "postgres/server.log"]
)
def test_a_site_whose_files_are_open_does_not_start_phases_beside_them(name, place, settings):
    settings.DATA_DIR = place
    path = place / name
    path.parent.mkdir(exist_ok=True)
    if name.endswith(("key", "password", ".log")):
        path.touch(mode=0o600)
    else:
        path.mkdir(mode=0o700)
    phase_user.check_closed(OTHER)
    path.chmod(0o755)
    with pytest.raises(CommandError, match=f"would get at {path}: close it"):
        phase_user.check_closed(OTHER)


@pytest.mark.verify
def test_a_site_whose_database_can_be_reached_does_not_start_phases_beside_it(
    place, settings, monkeypatch
):
    settings.DATA_DIR = place / "site"
    (place / "socket").mkdir(mode=0o700)
    monkeypatch.setitem(connection.settings_dict, "HOST", str(place / "socket"))
    phase_user.check_closed(OTHER)
    (place / "socket").chmod(0o755)
    with pytest.raises(CommandError, match=f"would get at {place}/socket: close it"):
        phase_user.check_closed(OTHER)


@pytest.mark.verify
@pytest.mark.django_db
def test_up_stops_before_it_starts_anything_where_that_user_could_read_the_key(
    place, settings, monkeypatch
):
    settings.DATA_DIR = place
    (place / "secret_key").touch(mode=0o644)
    monkeypatch.setattr(
        serving, "call_command", lambda *_, **__: None
    )  # this database has its tables
    with pytest.raises(CommandError, match=f"Phases as {OTHER} would get at {place}/secret_key"):
        serving.prepare(ServeOptions(role="worker", phase_user=OTHER))
    assert os.environ.get("DRAIN_PHASE_USER") != OTHER


def test_an_executor_that_names_a_user_keeps_it_and_the_others_get_the_hosts(monkeypatch):
    monkeypatch.setenv("DRAIN_PHASE_USER", "ci")
    assert to_profile(ExecutorProfile(name="a")).os_user == "ci"
    assert to_profile(ExecutorProfile(name="a", os_user="build")).os_user == "build"


@pytest.mark.verify
def test_a_folder_that_the_user_cannot_enter_is_said_before_a_phase_runs(place):
    (place / "closed").mkdir(mode=0o700)
    (place / "closed" / "below").mkdir(mode=0o777)
    profile = Profile("p", ("true",), cwd=str(place / "closed" / "below"), os_user=OTHER)
    (problem,) = check(profile)
    assert f"The user {OTHER} cannot enter {place}/closed/below, where the phases run" in problem
    (place / "closed").chmod(0o711)
    assert check(profile) == []
    assert pwd.getpwnam(OTHER).pw_uid != os.geteuid()
