"""Private files of the site are closed to every other OS user from the moment they are made,
whatever the umask.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from drain.engine.attempts import spool as kept_results
from drain.engine.process.job import worker_folder
from drain.engine.process.output import spool
from drainsite import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The umask under which nothing is closed by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_the_secret_key_is_its_users_alone_while_it_is_made_and_afterwards(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    drafts = []
    write = Path.write_text

    def noted(path: Path, text: str) -> int:
        drafts.append(mode(path))
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", noted)
    environment.secret_key(tmp_path)
    assert drafts == [mode(tmp_path / "secret_key")] == ["0o600"]


def test_logs_of_attempts_are_closed_in_the_storage(tmp_path, settings):
    logs = settings.STORAGES["attempt_logs"]
    logs = {**logs, "OPTIONS": {**logs["OPTIONS"], "location": str(tmp_path / "logs")}}
    settings.STORAGES = {**settings.STORAGES, "attempt_logs": logs}
    name = storages["attempt_logs"].save("a/b.log", ContentFile(b"x"))
    assert mode(tmp_path / "logs" / name) == "0o600"
    assert mode(tmp_path / "logs" / "a") == "0o700"


def test_a_workers_folder_and_its_logs_are_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "HEAD_LIMIT", 10)
    monkeypatch.setattr(spool, "RING_LIMIT", 10)
    monkeypatch.setattr(spool, "FILE_LIMIT", 20)
    folder = worker_folder(tmp_path, UUID(int=7))
    assert mode(folder) == "0o700"
    for size in (5, 50):  # the second is put in order in a file of its own
        log = spool.LogSpool(folder / f"{size}.log")
        log.write(b"x" * size)
        assert log.close()
        assert mode(folder / f"{size}.log") == "0o600"


def test_a_result_that_waits_for_the_database_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_results, "_stored", lambda each: {"kept": each})
    ended: Any = "x"
    kept_results._write(tmp_path / "a.result.json", ended)
    assert json.loads((tmp_path / "a.result.json").read_text()) == {"kept": "x"}
    assert mode(tmp_path / "a.result.json") == "0o600"


def test_behind_https_cookies_are_of_this_host_alone_and_secure(tmp_path):
    code = (
        "import json; from django.conf import settings as s; print(json.dumps({n: getattr(s, n) for n in "
        "('SESSION_COOKIE_NAME', 'CSRF_COOKIE_NAME', 'SESSION_COOKIE_SECURE', 'CSRF_COOKIE_SECURE', "
        "'SESSION_COOKIE_DOMAIN', 'CSRF_COOKIE_DOMAIN', 'SESSION_COOKIE_PATH', 'CSRF_COOKIE_PATH')}))"
    )
    given = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "DRAINSITE_DATA": str(tmp_path),
        "DRAIN_HTTPS": "1",
        "SECRET_KEY": "x" * 50,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # A browser takes a cookie of such a name only if it is secure, of no domain and of the whole site.
    assert json.loads(done.stdout) == {
        "SESSION_COOKIE_NAME": "__Host-sessionid", "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_DOMAIN": None,
        "CSRF_COOKIE_DOMAIN": None, "SESSION_COOKIE_PATH": "/", "CSRF_COOKIE_PATH": "/",
    }  # fmt: skip
