"""A source that the site reads by itself, and what it hands to workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drain.engine.source import reading
from drain.engine.source.schedules import SourceSchedule, schedule_source
from drain.models import Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.sources.sql.jobs import QUERY, Jobs

BY = Person("ada", Origin.COMMAND)
NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def caught(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that are handed to workers, which do not run here."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(reading, "send", lambda *given, **_: found.append(given))
    monkeypatch.setattr(
        "drain.engine.source.schedules.send", lambda *given, **_: found.append(given)
    )
    return found


def known(jobs: Jobs, **given: Any) -> Source:
    """A source that was imported once."""
    jobs.add(1)
    import_sql(sql_source("jobs", Given(url=jobs.url, query=QUERY, **given)), BY)
    return Source.objects.get()


def every_minute(**changes: Any) -> Source:
    return schedule_source(
        "jobs", SourceSchedule("* * * * *", **changes), BY, NOON, "as often as it is filled"
    )
