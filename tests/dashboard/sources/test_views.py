"""The page Sources: schedules, the last good reading, why a later one failed, who may change them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drain.models import AuditEvent, ExecutorProfile, Source
from drain.models.roles import Role
from tests.factories import RunFactory
from tests.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/sources/"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "drain.engine.source.schedules.send", lambda *given, **_: found.append(given)
    )
    return found


def source(name: str = "jobs", kind: str = "sql", **changes: Any) -> Source:
    return Source.objects.create(name=name, kind=kind, **changes)


def html(role: Role = Role.MANAGER) -> str:
    answer = signed_in(role).get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_page_says_what_will_stand_there():
    assert "Nothing was imported yet" in html(Role.VIEWER)


def test_a_source_stands_with_its_next_time_and_its_last_good_reading_beside_why_it_failed():
    now = timezone.now()
    source(
        cron="*/10 * * * *", next_at=now + timedelta(minutes=3), read_at=now - timedelta(hours=2),
        found={"phases": 1200, "created": 7, "updated": 2}, failures=1,
        said="postgresql://db/x does not answer.", said_at=now - timedelta(minutes=5), url="postgresql://a:hunter-two@db/x",
    )  # fmt: skip
    page = html(Role.VIEWER)
    assert "*/10 * * * *" in page
    assert "1,200 phases: 7" in " ".join(page.split())
    assert "ago: postgresql://db/x does not answer." in " ".join(page.split())
    assert "hunter-two" not in page
    assert 'data-dialog-open="schedule-' not in page


def test_the_runs_of_a_source_are_one_click_away_and_no_others():
    for name in ("jobs", "other"):
        RunFactory(run_id=f"of-{name}", source=source(name))
    page = html(Role.VIEWER)
    (address,) = re.findall(r'href="(/runs/[^"]*)"', page.partition(">jobs")[2] or page)[:1]
    assert re.findall(r">(of-\w+)</a>", signed_in(Role.OPERATOR).get(address).content.decode()) == [
        "of-jobs"
    ]


def test_a_paused_one_says_after_how_many_and_the_way_out():
    now = timezone.now()
    source(cron="@hourly", paused_at=now, failures=3, said="It is away.", said_at=now)
    page = " ".join(html().split())
    assert "after 3 failed readings in a row: mend it, then set its schedule again." in page
    # Somebody has read it by hand since.
    Source.objects.update(failures=0, said="")
    assert "after 3 failed readings in a row" in " ".join(html(Role.VIEWER).split())
    Source.objects.update(pause_after=1)
    assert "after 1 failed reading: mend it" in " ".join(html().split())


def test_a_manager_schedules_reads_and_unschedules_with_reasons(sent):
    made = source()
    manager = signed_in(Role.MANAGER)
    form = {"cron": "@hourly", "timezone": "Europe/Berlin", "pause_after": "0", "reason": "often"}
    manager.post(f"{PAGE}{made.pk}/schedule/", form)
    made.refresh_from_db()
    assert (made.cron, made.timezone, made.pause_after) == ("@hourly", "Europe/Berlin", None)
    manager.post(f"{PAGE}{made.pk}/read/", {"reason": "now"})
    assert [each[1] for each in sent] == [made.pk]
    manager.post(f"{PAGE}{made.pk}/unschedule/", {"reason": "moved"})
    made.refresh_from_db()
    assert (made.cron, made.next_at) == ("", None)
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", "reason", "origin")) == [
        ("source.schedule", "often", "browser"),
        ("source.read", "now", "browser"),
        ("source.unschedule", "moved", "browser"),
    ]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"cron": "often"}, "is no schedule"),
        ({"cron": "@hourly", "pause_after": "x"}, "are a number up to 1,000"),
        ({"cron": "@hourly", "dags": "shop"}, "read from Airflow"),
        ({"cron": "@hourly", "timezone": "Mars"}, "no time zone"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_changes_nothing(form, said):
    made = source()
    page = signed_in(Role.MANAGER).post(f"{PAGE}{made.pk}/schedule/", form, follow=True)
    assert said in page.content.decode()
    made.refresh_from_db()
    assert made.cron == ""
    assert not AuditEvent.objects.exists()


def test_files_are_imported_by_hand_and_airflow_takes_dags():
    source("files", "files")
    air = source("air", "files")
    ExecutorProfile.objects.create(name="air", kind="airflow", url="http://air/")
    page = html()
    assert page.count('data-dialog-open="schedule-') == 1
    assert "When somebody imports a file" in page
    form = {"cron": "@hourly", "dags": "shop  bank shop"}
    signed_in(Role.MANAGER).post(f"{PAGE}{air.pk}/schedule/", form)
    air.refresh_from_db()
    assert air.dags == ["shop", "bank"]


def test_many_sources_cost_no_more_questions(django_assert_num_queries):
    client = signed_in(Role.MANAGER)
    source("a", "files")
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for number in range(30):
        source(f"b{number}", "files")
    with django_assert_num_queries(len(few)):
        client.get(PAGE)
