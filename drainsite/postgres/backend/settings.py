"""An entry of DATABASES, filled in with the address and the account of the running server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.utils import OperationalError

from drainsite.postgres import PostgresError, connection_settings, ensure_running


def fill(settings_dict: dict[str, Any]) -> None:
    """Put host, port, user and password of the running server into a DATABASES entry."""
    try:
        server = ensure_running(Path(settings_dict["DATA_DIR"]))
    except PostgresError as error:
        raise OperationalError(str(error)) from error
    address = connection_settings(server)
    settings_dict.update({key: address[key] for key in ("HOST", "PORT", "USER", "PASSWORD")})
