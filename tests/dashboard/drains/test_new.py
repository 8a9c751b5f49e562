"""A new drain is previewed: what it would take and leave out, and nothing is written."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.models import (
    AuditEvent,
    DrainSession,
    ExecutorProfile,
    Phase,
    Transition,
    WorkerHost,
)
from drain.models.roles import Role
from tests.dashboard.drains.forms import FRAGMENT
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db


def test_the_preview_sums_and_writes_nothing(backlog):
    viewer = signed_in(Role.VIEWER)
    before = (Transition.objects.count(), AuditEvent.objects.count())
    page = viewer.get("/drains/new/?batch_size=2", headers=FRAGMENT).content.decode()
    assert "2 + 3 = 5" in page
    assert "Beyond batch size" in page
    assert "manage.py drain --batch-size 2" in page
    assert "Not enough data: 0 past attempts, 5 are needed." in page
    assert "No worker is alive." in page
    assert (Transition.objects.count(), AuditEvent.objects.count()) == before
    assert not DrainSession.objects.exists()


def test_the_preview_names_phases_that_autopack_would_fail_at_once(backlog):
    viewer = signed_in(Role.VIEWER)
    assert "--reset-retries" not in viewer.get("/drains/new/", headers=FRAGMENT).content.decode()
    run = backlog[0].run
    run.source = SourceFactory(kind="autopack")
    run.save()
    Phase.objects.filter(phase_index=2).update(source_attempts=5)
    page = viewer.get("/drains/new/", headers=FRAGMENT).content.decode()
    assert "1 of the selected have used Autopack&#39;s 5 retries" in page
    assert "manage.py drain --reset-retries" in page


def test_a_large_backlog_is_planned_after_the_page_is_there(backlog, monkeypatch):
    monkeypatch.setattr("drain.dashboard.drains.preview.LARGE", 3)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get("/drains/new/?batch_size=2").content.decode()
    assert "5 failed phases are being planned" in page
    assert "data-preview-now" in page
    assert "manage.py drain --batch-size 2" in page
    for address, headers in (
        ("/drains/new/?batch_size=2", FRAGMENT),
        ("/drains/new/?batch_size=2&plan=now", {}),
        ("/drains/new/?batch_size=2&run=research-system-v2", {}),
    ):
        planned = viewer.get(address, headers=headers).content.decode()
        assert "2 + 3 = 5" in planned
        assert "data-preview-now" not in planned


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("batch_size=-3", "Batch size -3 makes no sense"),
        ("batch_size=10000000", "Batch size 10000000 makes no sense"),
        ("sample=2&sample_passes=3", "can never be reached"),
        ("queued_policy=sometimes", "is unknown: use one of"),
        ("batch_size=many", "is not a whole number"),
        ("max_failure_rate=nan", "makes no sense"),
        ("max_failure_rate=300", "Failure rate 300 % makes no sense"),
        ("until=2020-01-01 10:00", "is in the past"),
        ("until=soon", "is not a time"),
        ("starts_per_minute=0", "Starts 0 makes no sense"),
        ("ramp=0", "Ramp while below 0 % makes no sense"),
        ("run_delay_seconds=-1", "Delay in a run -1.0 makes no sense"),
        ("count_source_attempts=on", "needs --max-lifetime-attempts"),
        ("run=nowhere", "There is no run “nowhere”"),
    ],
)
def test_bad_input_is_one_sentence_beside_the_form(backlog, query, sentence):
    page = signed_in(Role.VIEWER).get(f"/drains/new/?{query}", headers=FRAGMENT).content.decode()
    assert sentence in page.replace("&#x27;", "'")
    assert "Nothing to start" in page or "Starting needs" in page


def test_the_preview_counts_what_a_lifetime_leaves_out_and_warns_where_nothing_does(backlog):
    viewer = signed_in(Role.VIEWER)
    assert "5 times or more" not in viewer.get("/drains/new/").content.decode()
    Phase.objects.filter(pk=backlog[0].pk).update(attempts=5, source_attempts=2)
    page = viewer.get("/drains/new/").content.decode()
    assert "1 of the selected was tried 5 times or more" in page
    page = viewer.get("/drains/new/?max_lifetime_attempts=5").content.decode()
    assert "5 times or more" not in page
    assert "4 + 1 = 5" in page
    assert "Lifetime attempts exhausted" in page
    assert "5 of 5 attempts over all drains, 2 by its source (not counted)" in page
    assert "--max-lifetime-attempts 5" in page
    both = "max_lifetime_attempts=7&count_source_attempts=on"
    page = viewer.get(f"/drains/new/?{both}").content.decode()
    assert "4 + 1 = 5" in page
    assert "--count-source-attempts" in page
    assert "--count-source-attempts True" not in page


def test_nothing_selected_says_what_to_do_first(backlog):
    page = signed_in(Role.VIEWER).get("/drains/new/?queued_policy=run").content.decode()
    assert "0 + 5 = 5" in page
    assert "Nothing would be drained." in page
    assert "clear_queued" in page


def test_the_form_says_how_many_slots_are_free():
    WorkerHost.objects.create(host="h", pid=1, version="1", workers=2, slots=8)
    page = signed_in(Role.OPERATOR).get("/drains/new/").content.decode()
    assert "8 of 8 slots free now, on 1 host" in " ".join(page.split())


def _warning(query: str = "") -> str:
    page = signed_in(Role.OPERATOR, csrf=bool(query)).get(f"/drains/new/{query}").content.decode()
    found = re.search(r"data-no-host>.*?<span>(.*?)</span>", page, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def test_the_preview_names_executors_that_no_host_can_run(backlog):
    host = WorkerHost.objects.create(
        host="h", pid=1, version="1", workers=2, slots=8, profiles=["other"]
    )
    said = _warning()
    assert said.startswith("No host can run the executor true:")
    assert said.endswith("The drain would wait until one can.")
    ExecutorProfile.objects.create(name="other", argv=["/bin/true"])
    PhaseFactory(run=RunFactory(executor=ExecutorProfile.objects.get(name="other")))
    page = _warning("?batch_size=6")
    assert page.endswith("The phases of other executors go on.")
    WorkerHost.objects.filter(pk=host.pk).update(profiles=["true", "other"])
    get_user_model().objects.all().delete()
    assert _warning() == ""


def test_without_any_executor_there_is_nothing_to_start(backlog):
    ExecutorProfile.objects.all().delete()
    page = signed_in(Role.OPERATOR).get("/drains/new/").content.decode()
    assert "Nothing to start" in page
    assert re.search(r"5.*<code>no_executor</code>", page)


def test_the_page_asks_the_database_little(backlog):
    viewer = signed_in(Role.VIEWER)
    viewer.get("/drains/new/")
    with CaptureQueriesContext(connection) as asked:
        viewer.get("/drains/new/?batch_size=2")
    questions = [query["sql"][:200] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(questions) <= 13, "\n".join(questions)


def test_each_queued_policy_says_what_it_leaves_out_which_is_what_its_plan_leaves_out(backlog):
    run = RunFactory(run_id="in-order", order="sequential")
    for index, state in enumerate(["FAILED", "QUEUED", "FAILED", "FAILED"]):
        PhaseFactory(run=run, phase_index=index, state=state)
    viewer = signed_in(Role.VIEWER)
    said = {}
    for policy in ("phase", "dependents", "run", "ignore"):
        page = viewer.get(f"/drains/new/?queued_policy={policy}", headers=FRAGMENT).content.decode()
        effects = re.findall(r'id="p-(\w+)" data-preview-part>([^<]*)<', page)
        assert len(effects) == 4
        said[policy] = dict(effects)[policy]
        for code in ("queued_in_run", "waits_for_queued"):
            found = re.search(rf'title="{code}".*?class="num">([\d,]+)<', page, re.DOTALL)
            if found:
                assert said[policy] == f"leaves out {found[1]} now"
    assert said == {
        "phase": "leaves out none now",
        "dependents": "leaves out 2 now",
        "run": "leaves out 8 now",
        "ignore": "leaves out none now",
    }


def test_a_large_backlog_is_planned_once(backlog, monkeypatch):
    monkeypatch.setattr("drain.dashboard.drains.preview.LARGE", 3)
    page = signed_in(Role.VIEWER).get("/drains/new/", headers=FRAGMENT).content.decode()
    assert "5 + 0 = 5" in page
    assert "leaves out" not in page
