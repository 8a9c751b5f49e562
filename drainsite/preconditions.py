"""Preconditions of a start, of the disk and the database: each as a sentence and the way out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

LOW_DISK_BYTES = 1_000_000_000
NEW_SITE_BYTES = 200_000_000
"""An embedded database with the tables, its log of changes and the pages' files take 70 MB before the first
phase.
"""
_ASKED = """
SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), current_user, current_database()
"""


def disk_problem(folder: Path) -> tuple[str, str] | None:
    """Return what is said of a disk that is nearly full; None for one with room."""
    free = shutil.disk_usage(folder).free
    if free >= LOW_DISK_BYTES:
        return None
    return (
        f"{room(free)} are free in {folder}.",
        "Make room, or move the folder with DRAINSITE_DATA.",
    )


def new_site_problem(folder: Path) -> tuple[str, str] | None:
    """Return why no embedded database can be made on the disk of `folder`; None where it has room."""
    free = shutil.disk_usage(folder).free
    if free >= NEW_SITE_BYTES:
        return None
    said = f"Only {room(free)} are free in {folder}, and a new site takes {room(NEW_SITE_BYTES)}."
    return said, "Make room there, or name another folder with DRAINSITE_DATA."


def room(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= LOW_DISK_BYTES else f"{size / 1e6:.0f} MB"


def database_problem(cursor: Any) -> tuple[str, str] | None:
    """Return why a site cannot keep its tables in the database of `cursor`; None where it can."""
    cursor.execute(_ASKED)
    encoding, standby, read_only, may_create, role, name = cursor.fetchone()
    if standby:
        return (
            "The database is a standby and takes no writes.",
            "Name its primary in DATABASE_URL.",
        )
    if read_only:
        said = f"The database {name} takes no writes: default_transaction_read_only is on."
        return said, f"Switch that off for the database and its role {role}."
    if encoding != "UTF8":
        said = f"The database {name} is encoded {encoding}, which cannot hold every text."
        return (
            said,
            "Make one with TEMPLATE template0 ENCODING 'UTF8' and name it in DATABASE_URL.",
        )
    if not may_create:
        said = f"The role {role} may not make tables in the database {name}."
        return said, f"Let it own the database (ALTER DATABASE {name} OWNER TO {role})."
    return None
