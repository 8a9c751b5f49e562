"""The embedded PostgreSQL: one private cluster per data folder, started when first needed.

Several processes share it; whoever leaves last stops it (see usage.py). Nothing here imports
Django: the database backend beside this file is the only part that does.
"""

from __future__ import annotations

from drainsite.postgres.layout import PostgresError
from drainsite.postgres.server import Server, connection_settings, ensure_running, status, stop
from drainsite.postgres.usage import keep

__all__ = [
    "PostgresError",
    "Server",
    "connection_settings",
    "ensure_running",
    "keep",
    "status",
    "stop",
]
