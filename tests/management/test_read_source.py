"""`manage.py read_source`: now, by a schedule, and no more; `sources` shows it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drain.models import Phase, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.sources.sql.jobs import QUERY, Jobs, sqlite_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    made = sqlite_jobs(tmp_path)
    made.add(1)
    given = Given(url=made.url, query=QUERY)
    import_sql(sql_source("jobs", given), Person("ada", Origin.COMMAND))
    return made


def said(*argv: str) -> str:
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def listed() -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(said("sources", "--json"))["sources"]
    return found[0]


def test_it_is_read_now_and_says_what_it_found(jobs):
    jobs.add(2)
    assert "2 phases, 1 created" in said("read_source", "jobs")
    assert Phase.objects.count() == 2
    assert listed()["found"]["created"] == 1


def test_a_source_that_is_gone_is_one_sentence_with_the_last_good_reading(jobs):
    said("read_source", "jobs")
    jobs.path.unlink()
    with pytest.raises(CommandError, match=r"The last good reading was at 20\d\d-") as refused:
        said("read_source", "jobs")
    assert str(refused.value).count("\n") == 0
    now = listed()
    assert (now["failures"], now["paused"]) == (1, False)
    assert now["said"]
    assert now["said"] in str(refused.value)


def test_a_schedule_is_set_shown_and_removed(jobs):
    line = said(
        "read_source",
        "jobs",
        "--schedule",
        "*/10 * * * *",
        "--timezone",
        "Europe/Berlin",
        "--pause-after",
        "0",
    )
    assert line.startswith("jobs is read next at 20")
    now = listed()
    assert (now["schedule"], now["timezone"], now["pause_after"]) == (
        "*/10 * * * *",
        "Europe/Berlin",
        None,
    )
    assert now["next_at"]
    assert "*/10 * * * *" in said("sources")
    with pytest.raises(CommandError, match="reason"):
        said("read_source", "jobs", "--unschedule")
    said("read_source", "jobs", "--unschedule", "--reason", "moved")
    assert not Source.objects.exclude(cron="").exists()
