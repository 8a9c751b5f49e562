"""`manage.py dbshell` on the embedded server, with the psql that comes with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import client

from drainsite.postgres.backend.settings import fill
from drainsite.postgres.identity import binaries_dir


class DatabaseClient(client.DatabaseClient):
    """Runs psql; nothing needs to be installed on the machine."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """Django's arguments, after the server was started, for our psql."""
        fill(settings_dict)
        arguments, environment = super().settings_to_cmd_args_env(settings_dict, parameters)
        return [str(binaries_dir() / "psql"), *arguments[1:]], environment
