"""One row or step that breaks must not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

log = logging.getLogger(__name__)


@contextmanager
def isolated(what: str) -> Iterator[None]:
    """Log what breaks inside and go on; that the database is away passes through: nothing works then."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Error) and _is_away():
            raise
        log.exception("%s failed; the others go on", what)


def _is_away() -> bool:
    return connection.connection is None or bool(connection.connection.closed)
