"""Whatever stops a command before it has begun is one sentence with the way out, of Django's own commands too."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError

from drainsite import cli, postgres
from drainsite.postgres import cluster, layout

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(monkeypatch):
    """A command line whose command raises what it is given."""
    monkeypatch.setattr("drain.engine.process.hardening.harden_process", lambda: None)
    monkeypatch.setattr("atexit.register", lambda _what: None)

    def run(error: Exception, *argv: str) -> object:
        def raising(_argv: list[str]) -> None:
            raise error

        monkeypatch.setattr("django.core.management.execute_from_command_line", raising)
        monkeypatch.setattr(sys, "argv", ["manage.py", "migrate", *argv])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    return run


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError("connection refused\nis it on?"), "connection refused"),
        (
            ProgrammingError('relation "auth_user" does not exist'),
            "has no tables yet: run `manage.py",
        ),
        (
            ProgrammingError("column drain_source.reading does not exist\nLINE 1: SELECT"),
            "of another version than this program (column drain_source.reading does not exist): run `manage.py migrate`",
        ),
        (IntegrityError("duplicate key"), "The database answered: duplicate key"),
        (
            ProgrammingError(
                "Unable to create the table (permission denied for schema public\nLINE 1"
            ),
            "not let this role (permission denied for schema public): let the role",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "is full: make room there"),
    ],
)
def test_what_the_database_or_the_disk_refuses_ends_any_command_with_a_sentence(
    command, error, said
):
    code = command(error)
    assert said in str(code)
    assert "\n" not in str(code)


def test_an_address_that_libpq_cannot_read_is_not_said_to_be_a_databases_answer(command):
    error = ProgrammingError('invalid connection option "nonsense"')
    error.__cause__ = psycopg.ProgrammingError("invalid")
    said = str(command(error))
    assert "invalid connection option" in said
    assert "answered" not in said


def test_who_asks_for_the_traceback_gets_it_and_so_does_a_fault_of_ours(command):
    with pytest.raises(OperationalError):
        command(OperationalError("gone"), "--traceback")
    with pytest.raises(FileNotFoundError):
        command(FileNotFoundError(errno.ENOENT, "no such file"))


@pytest.mark.verify
@pytest.mark.parametrize(
    "argv",
    [
        ["up"],
        ["migrate"],
        ["changepassword", "admin"],
        ["createsuperuser", "--noinput", "--username", "a", "--email", "a@example.org"],
        ["doctor"],
        ["demo"],
        ["drain", "--dry-run"],
        ["db", "status"],
    ],
)
def test_a_database_that_is_not_there_is_a_sentence_that_names_the_setting(argv, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        done = start(argv, tmp_path, DATABASE_URL=f"postgresql://u:hidden@127.0.0.1:{port}/x")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in said
    assert "DATABASE_URL" in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is set to what cannot be used: allowed is any text"),
        ({"DATABASE_URL": "mysql://u:hidden@h/x"}, "DATABASE_URL begins with mysql://, but must"),
        ({"DRAINSITE_DATA": "/dev/null"}, "/dev/null cannot be used (it is a file, not a folder)"),
    ],
)
def test_a_setting_that_cannot_be_is_one_line_with_its_name(changes, said, tmp_path):
    done = start(["doctor"], tmp_path, **changes)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.stderr


def start(argv: list[str], data: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    own = ("DATABASE_URL", "DRAINSITE_TESTING", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *argv],
        cwd=ROOT, env={**kept, "DRAINSITE_DATA": str(data), **changes}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_on_which_the_embedded_server_cannot_write_is_one_sentence_with_its_folder(
    monkeypatch, tmp_path, number
):
    """The error is made up: a full disk of its own needs a mount."""

    def refused(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("drainsite.postgres.usage.hold", refused)
    with pytest.raises(postgres.PostgresError, match=r"full: make room|cannot be used") as said:
        postgres.ensure_running(tmp_path)
    assert str(tmp_path) in str(said.value)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            "LOG: hello\nFATAL: could not write: No space left on device\nLOG: down\n",
            "is full: make room",
        ),
        ("FATAL: bad\nLOG: down\n", "did not start: FATAL: bad (see "),
        ("", "it said nothing"),
    ],
)
def test_the_reason_of_a_server_that_did_not_start_is_found_in_its_log(tmp_path, log, said):
    place = layout.Layout(tmp_path)
    place.log.write_text(log)
    assert said in cluster.why_ended(place)


def test_ctrl_c_in_any_command_is_a_sentence_and_exit_130(command, capsys):
    assert command(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == f"\n{cli.STOPPED}\n"
    with pytest.raises(KeyboardInterrupt):
        command(KeyboardInterrupt(), "--traceback")


@pytest.mark.verify
def test_ctrl_c_in_an_import_leaves_no_phase_and_no_traceback(tmp_path):
    environment = {
        name: each
        for name, each in os.environ.items()
        if name not in ("DATABASE_URL", "DRAINSITE_TESTING")
    }
    environment |= {
        "DRAINSITE_DATA": str(tmp_path / "site"),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
    }
    manage = [sys.executable, "manage.py"]
    try:
        subprocess.run([*manage, "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
        running = subprocess.Popen(
            ["env", "--default-signal=INT", *manage, "import_phases", "-"], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert running.stdin is not None
        # More than a pipe holds: once it is taken the import is under way.
        for number in range(5_000):
            running.stdin.write(f'{{"run_id": "r", "phase_id": "p{number}", "state": "FAILED"}}\n')
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=120)[1]
        assert (running.returncode, said.strip()) == (130, cli.STOPPED)
        listed = subprocess.run(
            [*manage, "runs"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert listed.stdout == "No runs.\n"
    finally:
        postgres.stop(tmp_path / "site", force=True)
