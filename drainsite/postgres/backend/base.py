"""The backend named by ENGINE; DATABASES gives it NAME and DATA_DIR, the rest it finds out."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from drainsite.postgres.backend.client import DatabaseClient
from drainsite.postgres.backend.settings import fill


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
