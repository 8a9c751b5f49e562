"""The backend named by ENGINE; DATABASES gives it NAME and DATA_DIR, the rest it finds out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import OperationalError

from drainsite.postgres import PostgresError, connection_settings, ensure_running
from drainsite.postgres.backend.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server, which is started again should it have gone."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Start or find the server, then what Django would use to connect."""
        fill(self.settings_dict)
        params: dict[str, Any] = super().get_connection_params()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; once more if the server ended between being found and being asked."""
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            return super().get_new_connection(self.get_connection_params())


def fill(settings_dict: dict[str, Any]) -> None:
    """Put host, port, user and password of the running server into a DATABASES entry."""
    try:
        server = ensure_running(Path(settings_dict["DATA_DIR"]))
    except PostgresError as error:
        raise OperationalError(str(error)) from error
    found = connection_settings(server)
    settings_dict.update({key: found[key] for key in ("HOST", "PORT", "USER", "PASSWORD")})
