"""A site that runs reads its sources by itself: what is due, and what somebody asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from drain.engine.source.schedules import SourceSchedule, ask_reading, schedule_source
from drain.engine.workers.hosts import strength
from drain.models import Phase, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.hosts import Host, until
from tests.sources.sql.jobs import QUERY, sqlite_jobs

BY = Person("ada", Origin.COMMAND)


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
def test_what_is_due_and_what_is_asked_for_is_read_by_a_worker_and_a_source_that_is_gone_says_so(
    tmp_path: Path,
) -> None:
    jobs = sqlite_jobs(tmp_path)
    jobs.add(1)
    import_sql(sql_source("jobs", Given(url=jobs.url, query=QUERY)), BY)
    schedule_source(
        "jobs", SourceSchedule("@monthly", pause_after=1), BY, datetime(2026, 1, 1, tzinfo=UTC)
    )
    jobs.add(2)
    up = Host("up", "--role", "worker", "--workers", "1", folder=tmp_path / "up")
    try:
        until(lambda: strength().workers == 1, 120, up)
        # Its time has long come, so it is read at once.
        until(lambda: Phase.objects.count() == 2, 120, up)
        until(lambda: Source.objects.get().read_at is not None, 60, up)
        source = Source.objects.get()
        assert source.found["created"] == 1
        assert source.next_at is not None
        assert source.next_at > timezone.now()
        assert jobs.path is not None
        jobs.path.rename(tmp_path / "elsewhere")
        ask_reading("jobs", BY, timezone.now(), "is it there?")
        until(lambda: Source.objects.get().paused_at is not None, 60, up)
        gone = Source.objects.get()
        assert gone.said
        assert gone.read_at == source.read_at
        (tmp_path / "elsewhere").rename(jobs.path)
        ask_reading("jobs", BY, timezone.now(), "it is back")
        until(lambda: Source.objects.get().said == "", 60, up)
    finally:
        up.end()
