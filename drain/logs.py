"""The context of every line of the log:
the request, the drain and the attempt, wherever it is written from.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from drain.policy.inert import inert

SERVER_ERROR = 500
NOTHING: Mapping[str, object] = MappingProxyType({})
# Whoever knows this address makes the administrator.
_KEY_IN_ADDRESS = re.compile(r"(/first/+)[^\s?#]+")
_about: ContextVar[Mapping[str, object]] = ContextVar("drain_log_about", default=NOTHING)


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Let lines that are written inside name these ids (`request`, `drain`, `attempt`); None names nothing."""
    token = _about.set({**_about.get(), **{name: each for name, each in ids.items() if each}})
    try:
        yield
    finally:
        _about.reset(token)


def from_now_on(**ids: object) -> None:
    """Let lines of this thread name these ids alone, until it is said anew."""
    _about.set({name: each for name, each in ids.items() if each})


class AboutFilter(logging.Filter):
    """Puts the ids on each record, as `about`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.about = dict(_about.get())
        return True


class KeyFilter(logging.Filter):
    """Takes what is a key out of the addresses that a line names:
    a log is read by more people than may sign in.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        said = record.getMessage()
        if "/first/" in said:
            record.msg, record.args = _KEY_IN_ADDRESS.sub(r"\1***", said), ()
        return True


class RefusedFilter(logging.Filter):
    """Makes one line of a request that was refused, with its sentence:
    where the code said so helps nobody.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        if record.exc_info and getattr(record, "status_code", SERVER_ERROR) < SERVER_ERROR:
            said, why = record.getMessage(), str(record.exc_info[1])
            line = said if why in said else f"{said}: {why}"
            record.msg, record.args = inert(" ".join(line.split())), ()
            record.exc_info = None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the ids, and the traceback where there is one.

    A line break in what a phase wrote is no line of the log.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def logging_of(form: str, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: all lines from `level` on go to the console, as `line` or as `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
            "json": {"()": JsonFormatter},
        },
        "filters": {
            "about": {"()": AboutFilter},
            "keys": {"()": KeyFilter},
            "refused": {"()": RefusedFilter},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["about", "refused", "keys"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
    }
