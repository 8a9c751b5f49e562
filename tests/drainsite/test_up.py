"""`manage.py up`: what it runs for a role, and what it refuses with a sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from drain.engine.errors import EngineError
from drain.engine.workers.hosts import register_host
from drain.management.membership import Membership
from drainsite.doctor import examine
from drainsite.management import serving
from drainsite.management.commands import up
from drainsite.management.serving import ServeOptions, programs
from drainsite.preconditions import LOW_DISK_BYTES, NEW_SITE_BYTES, database_problem

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("all", ["web", "drain", "maintenance"]),
        ("web", ["web"]),
        ("worker", ["drain", "maintenance"]),
    ],
)
def test_a_role_has_its_programs(role, names):
    wanted = ServeOptions(role=role, workers=3)
    specs = programs(wanted, Membership(3) if wanted.works else None)
    assert [spec.name for spec in specs] == names


@pytest.mark.django_db
def test_the_drain_cluster_knows_its_host_and_its_workers():
    member = Membership(3)
    drain, maintenance = programs(ServeOptions(role="worker", workers=3), member)
    assert drain.env["DRAIN_WORKERS"] == "3"
    assert drain.env["DRAIN_WORKER_HOST"] == str(member.id)
    assert (drain.env["Q_CLUSTER_NAME"], maintenance.env["Q_CLUSTER_NAME"]) == (
        "drain",
        "maintenance",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"role": "king"}, "Role 'king' does not exist"),
        ({"port": 0}, "Port 0 does not exist"),
        ({"port": 65_536}, "Port 65536 does not exist"),
        ({"host": "no such host"}, "Host 'no such host' has no address"),
        ({"workers": 0}, "0 workers are not possible"),
    ],
)
def test_a_value_that_cannot_be_is_refused(changes, sentence):
    with pytest.raises(CommandError, match=sentence):
        ServeOptions(**{"port": free_port(), **changes}).check()


def test_a_port_in_use_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            ServeOptions(role="web", port=port).check()


def test_the_address_is_written_as_a_browser_wants_it():
    assert ServeOptions(host="::1").address == "http://[::1]:8000/"
    assert ServeOptions(port=9000).address == "http://127.0.0.1:9000/"


class Recovering:
    """A database that lets nobody in so many times:
    one that recovers for seconds cannot be had in a test of less.
    """

    def __init__(self, times: int) -> None:
        self.left = times

    def ensure_connection(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise OperationalError(
                "connection failed:\nFATAL: the database system is in recovery mode"
            )


def test_a_database_that_recovers_is_waited_for_and_said_once(monkeypatch, capsys):
    database = Recovering(3)
    monkeypatch.setattr(serving, "connection", database)
    monkeypatch.setattr(serving, "DATABASE_AGAIN_SECONDS", 0)
    serving._await_database()
    assert database.left == -1
    (line,) = capsys.readouterr().err.splitlines()
    assert "(FATAL: the database system is in recovery mode); waiting." in line


def test_a_database_that_stays_away_is_a_sentence_with_the_way_out(monkeypatch):
    monkeypatch.setattr(serving, "connection", Recovering(3))
    monkeypatch.setattr(serving, "DATABASE_SECONDS", -1)
    with pytest.raises(CommandError, match=r"has let nobody in for -1 s .*: see its log"):
        serving._await_database()


def test_a_database_that_refuses_for_another_reason_is_not_waited_for(monkeypatch):
    database = Recovering(3)
    monkeypatch.setattr(serving, "connection", database)
    monkeypatch.setattr(serving, "SAYS_LATER", "something else")
    with pytest.raises(OperationalError):
        serving._await_database()
    assert database.left == 2


def test_a_start_says_what_it_does_before_it_takes_its_time(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(ServeOptions, "check", lambda _wanted: None)
    monkeypatch.setattr(up.Command, "_say", lambda _command, line: said.append(line))
    monkeypatch.setattr(up, "prepare", lambda _wanted: said.append("prepared"))
    monkeypatch.setattr(up, "serve", lambda _wanted, _say: said.append("served"))
    up.Command().handle(role="worker", host="127.0.0.1", port=1, workers=1, phase_user="")
    assert said == [
        "Preparing the database and the pages ...",
        "prepared",
        "Working; Ctrl-C stops.",
        "served",
        "Stopped.",
    ]


@pytest.fixture
def no_change(monkeypatch):
    """A start that fails the test where it comes to its first change of the database or of a file."""
    monkeypatch.setattr(serving, "call_command", lambda name, **_: pytest.fail(f"{name} was run"))


@pytest.mark.django_db
def test_a_broker_that_cannot_be_used_is_refused_before_the_database_is_even_opened(
    monkeypatch, no_change
):
    def away() -> None:
        raise EngineError("The broker redis://h does not answer: start it.")

    monkeypatch.setattr(serving, "require_broker", away)
    monkeypatch.setattr(serving, "_await_database", lambda: pytest.fail("the database was opened"))
    with pytest.raises(CommandError, match="broker redis://h does not answer"):
        serving.prepare(ServeOptions())


@pytest.mark.django_db
def test_another_secret_than_that_of_a_live_host_is_refused_before_anything_is_changed(no_change):
    register_host(1, [])
    with (
        override_settings(SECRET_KEY="another" * 8),
        pytest.raises(CommandError, match="another SECRET_KEY"),
    ):
        serving.prepare(ServeOptions())


@pytest.mark.django_db
def test_tables_of_a_newer_version_are_refused_and_the_doctor_calls_them_a_problem(no_change):
    assert "migrations" not in problems()
    MigrationRecorder(connection).record_applied("drain", "9999_of_tomorrow")
    with pytest.raises(
        CommandError, match=r"newer version .*9999_of_tomorrow.*install that version"
    ):
        serving.prepare(ServeOptions())
    assert "9999_of_tomorrow" in problems()["migrations"]


def problems() -> dict[str, str]:
    return {each.name: each.sentence for each in examine() if each.level == "problem"}


@pytest.mark.django_db
def test_tables_of_an_older_version_are_not_asked_of_hosts_and_brought_up_to_date(monkeypatch):
    ran: list[str] = []
    monkeypatch.setattr(serving, "call_command", lambda name, **_: ran.append(name))
    monkeypatch.setattr(serving, "is_current", lambda: False)
    monkeypatch.setattr(serving, "require_shared_secret", lambda: ran.append("secret"))
    serving.prepare(ServeOptions(role="worker"))
    assert ran == ["migrate", "secret"]


def test_a_start_without_its_redis_has_made_no_database(tmp_path):
    """The port is held and never listens: nobody else can answer there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        given = {
            **{name: each for name, each in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "drainsite.settings",
            "DRAINSITE_DATA": str(tmp_path),
            "DRAIN_BROKER_URL": f"redis://:hidden@127.0.0.1:{closed.getsockname()[1]}/0",
        }
        argv = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(free_port())]
        done = subprocess.run(
            argv, env=given, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "does not answer" in done.stderr
    assert "hidden" not in done.stderr
    assert not (tmp_path / "postgres").exists()


def test_a_new_site_is_refused_where_it_would_fill_the_disk_and_one_that_is_there_is_warned(
    monkeypatch, tmp_path, settings, capsys
):
    settings.DATA_DIR = tmp_path
    monkeypatch.setitem(connection.settings_dict, "DATA_DIR", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(NEW_SITE_BYTES - 1))
    with pytest.raises(CommandError, match=r"Only 200 MB are free in .*, and a new site takes 200"):
        serving._require_room()
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    serving._require_room()
    assert f"200 MB are free in {tmp_path}. Make room" in capsys.readouterr().err
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(LOW_DISK_BYTES))
    serving._require_room()
    assert capsys.readouterr().err == ""


class Usage(NamedTuple):
    free: int


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SET LOCAL transaction_read_only = on", "takes no writes: default_transaction_read_only"),
        (
            "CREATE ROLE drain_nobody; SET LOCAL ROLE drain_nobody",
            "The role drain_nobody may not make tables in the database .* OWNER TO drain_nobody",
        ),
    ],
)
def test_a_database_that_cannot_take_the_tables_is_refused_with_the_way_out(
    statement, said, no_change
):
    with connection.cursor() as cursor:
        assert database_problem(cursor) is None
        cursor.execute(statement)
    with pytest.raises(CommandError, match=said):
        serving.prepare(ServeOptions())


@pytest.mark.django_db
def test_a_database_that_holds_not_every_text_is_refused():
    with connection.cursor() as cursor:
        info, name = connection.connection.info, f"drain_latin_{os.getpid()}"
        assert cursor is not None
    with psycopg.connect(
        host=info.host, port=info.port, user=info.user, password=info.password, dbname="postgres", autocommit=True,
    ) as beside:  # fmt: skip
        beside.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        )
        try:
            with psycopg.connect(
                host=info.host, port=info.port, user=info.user, password=info.password, dbname=name,
            ) as latin:  # fmt: skip
                said = database_problem(latin.cursor())
        finally:
            beside.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert said is not None
    assert f"The database {name} is encoded LATIN1" in said[0]
    assert "ENCODING 'UTF8'" in said[1]
