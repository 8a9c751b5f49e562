"""`manage.py db status|start|stop|dump|restore`: look after the embedded PostgreSQL by hand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from drain.management.texts import SiteCommand
from drainsite import postgres
from drainsite.postgres.backend.client import DatabaseClient
from drainsite.postgres.identity import binaries_dir


class Command(SiteCommand):
    """Without it the server lives as long as somebody uses it; `start` keeps it until `stop`."""

    help = (
        "Show, start (and keep running) or stop the embedded PostgreSQL; dump it into a file, also while it is used, "
        "or restore it from one. Examples: manage.py db status; manage.py db dump drainsite.dump"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one word, a file for two of them, and --force for a stop that does not ask who is using it."""
        parser.add_argument(
            "action",
            choices=("status", "start", "stop", "dump", "restore"),
            help="what to do with it",
        )
        parser.add_argument("file", nargs="?", type=Path, help="of dump and restore")
        parser.add_argument("--force", action="store_true", help="stop even while others use it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
        place = connection.settings_dict.get("DATA_DIR")
        if place is None:
            raise CommandError("DATABASE_URL names the database: it is not drainsite's to manage.")
        try:
            self.stdout.write(
                _act(Path(place), options["action"], options["file"], force=options["force"])
            )
        except postgres.PostgresError as error:
            raise CommandError(str(error)) from error


def _act(data_dir: Path, action: str, file: Path | None, *, force: bool) -> str:
    if (file is not None) != (action in ("dump", "restore")):
        raise CommandError("dump and restore take a file, the other words take none.")
    if file is not None:
        return _dump(file) if action == "dump" else _restore(data_dir, file)
    if action == "start":
        postgres.keep(data_dir)
        postgres.ensure_running(data_dir)
    elif action == "stop" and not postgres.stop(data_dir, force=force):
        raise CommandError(
            "Others are using the database (web, workers or a command): "
            "end them first, or add --force."
        )
    running = postgres.status(data_dir)
    return f"running (process {running.pid}) in {data_dir}" if running else "not running"


def _dump(file: Path) -> str:
    """Write one moment of the database, for its owner's eyes; a file that is there stays as it is."""
    if file.exists():
        raise CommandError(f"{file} is there already: name another file, or remove it.")
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.touch(mode=0o600)
        _client("pg_dump", ["--format=custom", f"--file={draft}"])
        draft.rename(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}).") from error
    finally:
        draft.unlink(missing_ok=True)
    return (
        f"The database is in {file} ({file.stat().st_size / 1e6:,.1f} MB). Keep {settings.DATA_DIR}/logs and "
        "SECRET_KEY (or secret_key in that folder) with it."
    )


def _restore(data_dir: Path, file: Path) -> str:
    """The database as it is in the file, all or nothing, while nobody uses it."""
    if not file.is_file():
        raise CommandError(f"{file} is no file.")
    if not postgres.stop(data_dir):
        raise CommandError(
            "Others are using the database (web, workers or a command): end them first."
        )
    _client("pg_restore", ["--clean", "--if-exists", "--single-transaction", str(file)])
    return (
        f"The database is that of {file}. `manage.py up` migrates it if it is of an older version."
    )


def _client(program: str, options: list[str]) -> None:
    """Run one of PostgreSQL's own programs on the embedded server, which starts if need be.
    Raises CommandError.
    """
    words, extra = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    place = words[1:-1]
    name = ["--dbname", words[-1]]
    argv = [str(binaries_dir() / program), *place, *name, *options]
    done = subprocess.run(  # noqa: S603 - an argv of our own making
        argv, env={**os.environ, **(extra or {})}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise CommandError(f"{program} failed: {lines[0]}")
