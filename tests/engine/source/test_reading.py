"""Sources read by the site itself: one reading at a time, all or nothing, a sentence for what fails,
and a pause.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from drain import tasks
from drain.engine import maintenance
from drain.engine.errors import EngineError
from drain.engine.source import reading
from drain.engine.source.airflow import AirflowSite
from drain.engine.source.reading import read_asked, read_due, read_source
from drain.engine.source.schedules import (
    SourceSchedule,
    ask_reading,
    schedule_source,
    unschedule_source,
)
from drain.models import AuditEvent, ExecutorProfile, Phase, Source
from drain.sources.errors import SourceError
from drain.sources.files.importing import import_file
from tests.engine.pipeline import Pipeline
from tests.engine.source.scheduled import BY, MINUTE, NOON, caught, every_minute, known
from tests.sources.sql.jobs import QUERY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    return caught(monkeypatch)


def fresh() -> Source:
    return Source.objects.get(name="jobs")


def test_what_is_due_is_handed_to_one_worker_and_missed_times_count_as_one(lite, sent):
    source = known(lite)
    every_minute()
    assert fresh().next_at == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    assert read_due(NOON) == []
    late = NOON + 10 * MINUTE
    assert [read_due(late), read_due(late)] == [[source.pk], []]
    assert sent == [("drain.tasks.read_source", source.pk, late.isoformat())]
    assert fresh().next_at == datetime(2026, 3, 1, 12, 11, tzinfo=UTC)


def test_maintenance_looks_for_what_is_due(monkeypatch):
    asked: list[datetime] = []
    monkeypatch.setattr(maintenance, "read_due", asked.append)
    maintenance.tend()
    assert len(asked) == 1


def test_a_reading_brings_what_is_new_and_says_what_it_found(jobs):
    source = known(jobs)
    every_minute()
    jobs.add(2)
    jobs.set(1, status="done")
    assert tasks.read_source(source.pk, timezone.now().isoformat()) == "read"
    assert dict(Phase.objects.values_list("phase_id", "state")) == {
        "job-1": "COMPLETE",
        "job-2": "FAILED",
    }
    now = fresh()
    assert (now.found["phases"], now.found["created"], now.found["synced"]) == (2, 1, 1)
    assert (now.failures, now.said) == (0, "")
    assert now.read_at is not None


def test_a_wake_up_that_is_older_than_the_latest_reading_reads_nothing(lite):
    source = known(lite)
    asked = timezone.now()
    assert read_asked(source.pk, asked) == "read"
    assert read_asked(source.pk, asked) == "over"
    assert read_asked(source.pk + 1, asked) == "over"


def test_a_source_that_vanished_is_a_sentence_beside_the_last_good_reading(lite):
    source = known(lite)
    every_minute(pause_after=None)
    assert read_source(source, BY) == ""
    good = fresh()
    assert lite.path is not None
    lite.path.unlink()
    for count in (1, 2, 3, 4):
        said = read_source(source, BY)
        now = fresh()
        assert (now.failures, now.said, now.paused_at) == (count, said, None)
    assert "jobs" in said
    assert said.count("\n") == 0
    assert (now.read_at, now.found) == (good.read_at, good.found)
    assert Phase.objects.count() == 1


def test_a_source_that_vanishes_in_the_middle_of_its_answer_changes_nothing(postgres):
    # The server ends the connection after the first rows were sent.
    source = known(postgres)
    for number in range(2, 50):
        postgres.add(number)
    cut = QUERY.replace(
        "ORDER BY id", "WHERE id < 40 OR pg_terminate_backend(pg_backend_pid()) ORDER BY 2"
    )
    Source.objects.update(reading={**source.reading, "query": cut})
    said = read_source(fresh(), BY)
    assert said
    assert (fresh().failures, fresh().said) == (1, said)
    assert Phase.objects.count() == 1


def test_so_many_failures_in_a_row_pause_it_with_an_audit_line_and_a_good_one_counts_anew(
    lite, monkeypatch
):
    source = known(lite)
    every_minute(pause_after=2)
    broken = lambda *_, **__: (_ for _ in ()).throw(SourceError("It is away."))  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(reading, "import_sql", broken)
        read_source(source, BY)
    read_source(source, BY)
    assert (fresh().failures, fresh().paused_at) == (0, None)
    monkeypatch.setattr(reading, "import_sql", broken)
    read_source(source, BY)
    assert fresh().paused_at is None
    read_source(source, BY)
    now = fresh()
    assert (now.failures, now.next_at) == (2, None)
    assert now.paused_at is not None
    line = AuditEvent.objects.get(verb="source.pause")
    assert line.actor == "schedule of jobs"
    assert line.reason == "Its last 2 readings in a row failed. The last one: It is away."
    assert read_due(timezone.now() + timedelta(days=1)) == []
    every_minute(pause_after=2)
    again = fresh()
    assert (again.paused_at, again.failures, again.said) == (None, 0, "")
    assert again.next_at is not None


def test_an_error_that_nobody_expected_is_a_sentence_too_and_no_password_leaves(
    lite, monkeypatch, caplog
):
    source = known(lite)

    def breaks(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(reading, "import_sql", breaks)
    assert read_source(source, BY) == "It could not be read (KeyError): the log says why."
    assert "source jobs could not be read" in caplog.text

    def refuses(*_: object) -> None:
        raise SourceError("postgresql://ada:hidden-word@db/x is away.")

    monkeypatch.setattr(reading, "import_sql", refuses)
    assert "hidden-word" not in read_source(source, BY)
    assert "hidden-word" not in fresh().said


def test_an_autopack_database_is_read_by_its_schedule(idle: Pipeline):
    source = Source.objects.get(kind="autopack")
    schedule_source(source.name, SourceSchedule("@hourly"), BY, NOON)
    idle.phase("r", "new", 2)
    assert read_source(source, BY) == ""
    assert Phase.objects.filter(phase_id="new").exists()


def test_airflow_is_read_by_its_executor_and_only_the_dags_that_were_said(monkeypatch):
    asked: list[str] = []

    def answer(_: AirflowSite, url: str, limit: int) -> bytes:
        asked.append(url)
        return json.dumps({"task_instances": [], "total_entries": 0}).encode()

    monkeypatch.setattr(AirflowSite, "_get", answer)
    ExecutorProfile.objects.create(name="jobs", kind="airflow", url="http://air:8080/")
    source = Source.objects.create(name="jobs", kind="files")
    schedule_source("jobs", SourceSchedule("@hourly", dags=("shop",)), BY, NOON)
    assert read_source(fresh(), BY) == ""
    assert [("dags/shop/" in url, "dags/~/" in url) for url in asked] == [(True, False)]
    ExecutorProfile.objects.all().delete()
    assert "is made of files" in read_source(source, BY)


def test_files_have_no_schedule_and_what_makes_no_sense_changes_nothing(lite, tmp_path):
    known(lite)
    path = tmp_path / "x.jsonl"
    path.write_text('{"run_id": "r", "phase_id": "a", "state": "FAILED"}')
    with path.open("rb") as file:
        import_file(file, None, timezone.now(), "files", by=BY)
    for name, wanted, sentence in (
        ("files", SourceSchedule("@hourly"), "is made of files"),
        ("nowhere", SourceSchedule("@hourly"), "there are: files, jobs"),
        ("jobs", SourceSchedule("often"), "is no schedule"),
        ("jobs", SourceSchedule("@hourly", "Mars/Base"), "no time zone"),
        ("jobs", SourceSchedule("@hourly", dags=("x",)), "Airflow"),
        ("jobs", SourceSchedule("@hourly", pause_after=0), "--pause-after"),
    ):
        with pytest.raises(EngineError, match=sentence):
            schedule_source(name, wanted, BY, NOON)
    with pytest.raises(EngineError, match="has no schedule"):
        unschedule_source("jobs", BY, "x")
    assert not Source.objects.exclude(cron="").exists()
    assert not AuditEvent.objects.filter(verb__in=("source.schedule", "source.unschedule")).exists()


def test_a_schedule_is_taken_away_and_both_stand_in_the_audit(lite, sent):
    known(lite)
    every_minute()
    unschedule_source("jobs", BY, "moved")
    assert read_due(NOON + 10 * MINUTE) == sent == []
    lines = AuditEvent.objects.filter(verb__in=("source.schedule", "source.unschedule"))
    assert [(line.actor, line.reason) for line in lines.order_by("pk")] == [
        ("ada", "as often as it is filled"), ("ada", "moved"),
    ]  # fmt: skip


def test_who_asks_for_a_reading_says_why_and_a_worker_does_it(lite, sent):
    source = known(lite)
    with pytest.raises(EngineError, match="reason"):
        ask_reading("jobs", BY, NOON, " ")
    ask_reading("jobs", BY, NOON, "they said it is mended")
    assert sent == [("drain.tasks.read_source", source.pk, NOON.isoformat())]
