"""A new drain: the preview never writes, and only the plan that it showed starts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drain.dashboard.drains.form import NUMBERS, read_form
from drain.models import (
    AuditEvent,
    Candidate,
    DrainSession,
    ExecutorProfile,
    FingerprintAlias,
    Phase,
    Transition,
    WorkerHost,
)
from drain.models.roles import Role
from drain.policy.selection.drift import seen_plan
from tests.dashboard.people import signed_in
from tests.factories import FingerprintFactory, PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def backlog():
    ExecutorProfile.objects.create(name="true", argv=["/bin/true"], is_default=True)
    run = RunFactory(run_id="research-system-v2", order="independent")
    phases = [PhaseFactory(run=run, phase_index=n) for n in range(5)]
    PhaseFactory(run=run, phase_index=9, state="QUEUED")
    return phases


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


def seen(phases, **typed):
    """What the page sends along after it has shown these phases, with the fields that were typed."""
    plan = seen_plan([phase.pk for phase in phases])
    return typed | {"seen_digest": plan.digest, "seen_ids": ",".join(map(str, plan.ids or ()))}


def shown_by(client, address="/drains/new/"):
    """The hidden fields of a page as its form would send them."""
    page = client.get(address).content.decode()
    return dict(re.findall(r'name="(seen_\w+)" value="([^"]*)"', page))


def test_starting_freezes_the_plan_that_was_seen(backlog):
    form = seen(backlog, batch_size="10", note="after the fix")
    answer = signed_in(Role.OPERATOR).post("/drains/new/", form, follow=True)
    session = DrainSession.objects.get()
    assert (session.state, session.selected, session.note) == ("planned", 5, "after the fix")
    assert session.started_by == "operator-False"
    assert f"Drain {session.pk} starts with the 5 phases of its preview." in answer.content.decode()


def test_what_the_page_showed_is_what_it_starts(backlog):
    operator = signed_in(Role.OPERATOR)
    shown = shown_by(operator, "/drains/new/?batch_size=3")
    operator.post("/drains/new/", shown | {"batch_size": "3"})
    planned = Candidate.objects.filter(planned_position__isnull=False)
    assert planned.count() == DrainSession.objects.get().selected == 3


@pytest.mark.parametrize(
    ("typed", "start", "why"),
    [
        ({"batch_size": "1"}, "Start drain of 1 phase", "4 phases changed since the preview"),
        ({"note": "same plan"}, "", ""),
        ({"seen_digest": ""}, "Start drain of 5 phases", "see the plan first"),
        ({"seen_digest": "0" * 32, "seen_ids": ""}, "Start drain of 5 phases", "The plan changed"),
    ],
    ids=["clicked before the preview", "unchanged", "without a preview", "a plan of long ago"],
)
def test_only_a_plan_that_was_seen_starts_and_another_one_is_shown(backlog, typed, start, why):
    answer = signed_in(Role.OPERATOR).post("/drains/new/", seen(backlog) | typed)
    assert DrainSession.objects.exists() == (not start)
    assert answer.status_code == (409 if start else 302)
    page = answer.content.decode()
    assert start in page
    assert why in page


def test_a_plan_that_changed_under_the_page_is_shown_and_starts_when_it_was_seen(backlog):
    operator = signed_in(Role.OPERATOR)
    Phase.objects.filter(pk=backlog[0].pk).update(state="COMPLETE")
    answer = operator.post("/drains/new/", seen(backlog))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "1 phase changed since the preview" in page
    assert not DrainSession.objects.exists()
    assert not AuditEvent.objects.filter(verb="session.start").exists()
    operator.post("/drains/new/", dict(re.findall(r'name="(seen_\w+)" value="([^"]*)"', page)))
    assert Candidate.objects.filter(planned_position__isnull=False).count() == 4


def test_without_a_script_a_button_asks_for_the_preview(backlog):
    viewer = signed_in(Role.VIEWER)
    assert 'name="preview"' in viewer.get("/drains/new/").content.decode()
    typed = seen(backlog, batch_size="2", run="research-system-v2", preview="1")
    answer = viewer.post("/drains/new/", typed, follow=True)
    (address, _), *_ = answer.redirect_chain
    assert address == "/drains/new/?batch_size=2&run=research-system-v2&plan=now"
    assert "2 + 3 = 5" in answer.content.decode()
    assert not DrainSession.objects.exists()


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("run", "research-system-v2 nowhere", "Runs: There is no run “nowhere”"),
        ("skip", "research archiv-", "Skip prefixes: No run begins with “archiv-”"),
        ("skip", "Research", "Skip prefixes: No run begins with “Research”"),
        ("fingerprint", "known dead beef", "Fingerprints: There is no fingerprint “dead”"),
        ("run", "x" * 400, "A name in Runs has 400 characters"),
    ],
)
def test_an_unknown_name_is_refused_beside_its_field(backlog, name, typed, sentence):
    FingerprintFactory(key="known", title="ValueError: <n> rows")
    operator = signed_in(Role.OPERATOR)
    page = operator.get("/drains/new/", {name: typed}, headers=FRAGMENT).content.decode()
    beside = re.search(rf'id="e-{name}"([^>]*)>.*?<span>(.*?)</span>', page, re.DOTALL)
    assert beside is not None
    assert "hidden" not in beside[1]
    assert sentence in beside[2]
    assert "Nothing to start" in page
    answer = operator.post("/drains/new/", seen(backlog) | {name: typed})
    assert answer.status_code == 422
    assert not DrainSession.objects.exists()


def test_a_fingerprint_in_the_form_is_shown_in_words(backlog):
    kept = FingerprintFactory(key="standing", title="ValueError: <n> rows are missing")
    merged = FingerprintFactory(key="merged", title="ValueError: other", merged_into=kept)
    FingerprintAlias.objects.create(key="older", version=1, fingerprint=kept)
    Phase.objects.filter(pk=backlog[0].pk).update(last_fingerprint="bare")
    viewer = signed_in(Role.VIEWER)
    for key in (kept.key, merged.key, "older"):
        page = viewer.get(f"/drains/new/?fingerprint={key}").content.decode()
        words = re.sub("<[^>]+>", " ", page[page.index('id="picks-fingerprint"') :])
        assert "rows are missing" in words[:400], key
        fragment = viewer.get(f"/drains/new/?add_fingerprint={key}", headers=FRAGMENT)
        assert "rows are missing" in re.sub("<[^>]+>", " ", fragment.content.decode())
    bare = viewer.get("/drains/new/?fingerprint=bare").content.decode()
    assert "no failure of it was kept" in bare
    assert "There is no fingerprint" not in bare


def test_what_is_typed_counts_as_chips_do_and_becomes_one_when_it_makes_sense(backlog):
    viewer = signed_in(Role.VIEWER)
    page = viewer.get("/drains/new/?add_run=research-system-v2&batch_size=2").content.decode()
    assert 'name="run" value="research-system-v2" checked' in page
    assert re.search(r'name="add_run" value=""', page)
    wrong = viewer.get("/drains/new/?run=research-system-v2&add_run=nowhere").content.decode()
    assert "There is no run “nowhere”" in wrong
    assert 'name="run" value="research-system-v2" checked' in wrong
    assert 'name="add_run" value="nowhere"' in wrong
    fragment = viewer.get("/drains/new/?add_run=research-system-v2", headers=FRAGMENT)
    assert "--run-id" in fragment.content.decode()


def test_more_names_than_a_form_takes_are_refused_and_do_not_fill_the_page(backlog):
    many, operator = " ".join(f"run-{n}" for n in range(5000)), signed_in(Role.OPERATOR)
    for field in ("run", "add_run"):
        answer = operator.post("/drains/new/", {field: many})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Runs: 5,000 names are more than the 200 that the form takes." in page
        assert len(page) < 500_000


def test_fields_offer_what_there_is(backlog):
    for name in ("nightly-eu-1", "nightly-eu-2", "nightly-us-1", "other"):
        RunFactory(run_id=name)
    FingerprintFactory(key="abc123", title="No module <name> & <b>")
    merged = FingerprintFactory(key="abc999", title="No module merged")
    merged.merged_into = FingerprintFactory(title="standing")
    merged.save()
    viewer = signed_in(Role.VIEWER)

    def offered(kind, q):
        page = viewer.get(f"/drains/pick/{kind}/", {"q": q}).content.decode()
        return re.findall(r'<option value="([^"]*)"', page), page

    assert offered("run", "eu-")[0] == ["nightly-eu-2", "nightly-eu-1"]
    assert offered("run", "nowhere")[0] == []
    assert set(offered("skip", "night")[0]) == {"nightly-", "nightly-eu-"}
    found, page = offered("fingerprint", "no module")
    assert found == ["abc123"]
    assert 'label="No module &lt;name&gt; &amp; &lt;b&gt;"' in page
    assert offered("fingerprint", "abc")[0] == ["abc123"]
    assert viewer.get("/drains/pick/other/").status_code == 404


def held_beside(page, name):
    """What stands beside a limit."""
    found = re.search(rf'id="h-{name}"[^>]*>(.*?)</span>', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("field", NUMBERS, ids=lambda each: each.name)
def test_beside_every_limit_stands_what_holds_when_it_is_empty(backlog, field):
    page = signed_in(Role.OPERATOR).get(f"/drains/new/?{field.name}=&note=x").content.decode()
    said = held_beside(page, field.name)
    given = read_form(QueryDict(f"{field.name}="), timezone.now()).limits
    holds = getattr(given, field.name)
    if field.name == "phase_timeout_seconds":
        assert said == "900 s of the executor"
    elif field.name == "sample_passes":
        assert said == "1 where there is a sample"
    elif holds is None:
        assert said == "off, the default"
    else:
        assert said == f"{field.shown(given)}, the default"


def test_a_limit_says_that_it_was_set_and_a_timeout_whose_it_is(backlog):
    viewer = signed_in(Role.VIEWER)
    ExecutorProfile.objects.create(name="slow", argv=["/bin/true"], timeout_seconds=3600)
    page = viewer.get("/drains/new/?batch_size=3&max_timeouts_per_run=2").content.decode()
    assert held_beside(page, "batch_size") == "set here, default 10"
    assert held_beside(page, "max_timeouts_per_run") == "the default"
    assert held_beside(page, "phase_timeout_seconds") == "900 to 3,600 s of the executor"
    ExecutorProfile.objects.all().delete()
    caches["pages"].clear()
    page = viewer.get("/drains/new/?phase_timeout_seconds=60").content.decode()
    assert held_beside(page, "phase_timeout_seconds") == "set here instead of 900 s, the default"


def test_bad_input_starts_nothing_and_keeps_what_was_typed(backlog):
    answer = signed_in(Role.OPERATOR).post("/drains/new/", {"batch_size": "-3", "note": "mine"})
    assert answer.status_code == 422
    assert 'value="mine"' in answer.content.decode()
    assert not DrainSession.objects.exists()


def test_a_viewer_previews_and_does_not_start(backlog):
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/drains/new/").status_code == 200
    assert viewer.post("/drains/new/", {}).status_code == 403
    assert not DrainSession.objects.exists()


def test_starting_needs_a_token(backlog):
    assert signed_in(Role.OPERATOR, csrf=True).post("/drains/new/", {}).status_code == 403


def test_the_wall_clock_is_the_next_one_of_the_person_s_zone(backlog):
    operator = signed_in(Role.OPERATOR)
    operator.cookies["drain_zone"] = "Asia/Kolkata"
    operator.post("/drains/new/", seen(backlog, until="18:00"))
    until = datetime.fromisoformat(DrainSession.objects.get().limits["until"])
    assert (until.hour, until.minute, until.utcoffset()) == (18, 0, timedelta(hours=5.5))
    assert timezone.now() < until <= timezone.now() + timedelta(days=1)


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


@pytest.mark.parametrize("typed", ["2020-01-01 10:00", "2099-01-31T18:00"])
def test_the_time_at_which_a_drain_stops_is_picked_and_stays_though_it_makes_no_sense(
    backlog, typed
):
    page = signed_in(Role.OPERATOR).get("/drains/new/", {"until": typed}).content.decode()
    field = re.search(r'<input class="input" type="datetime-local" id="f-until"[^>]*>', page)
    assert field
    assert f'value="{typed.replace(" ", "T")}"' in field[0]
    assert "UTC</span>" in page
