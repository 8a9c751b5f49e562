"""The page of queued phases: what waits for whom, ways out, exact results, holds."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.lists import order
from drain.dashboard.queue import listing
from drain.models import AuditEvent, Dependency, DrainSession, ExecutorProfile, Hold, Phase
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script>\'&'


def queued(hours=25, **fields):
    since = timezone.now() - timedelta(hours=hours)
    return PhaseFactory(state="QUEUED", state_changed_at=since, **fields)


def test_each_queued_phase_stands_with_its_age_and_its_ways_out():
    queued(phase_id=HOSTILE, run=RunFactory(run_id="research-system-v2"))
    operator = signed_in(Role.OPERATOR)
    operator.get("/queued/")
    with CaptureQueriesContext(connection) as asked:
        page = operator.get("/queued/").content.decode()
    assert len(asked) <= 12, [query["sql"][:90] for query in asked]
    assert "1 queued, 1 stale" in page
    assert "Nobody runs it afterwards" in page
    assert "/drains/new/?run=research-system-v2&amp;queued_policy=ignore" in page


def shown(client, query):
    page = client.get(f"/queued/{query}").content.decode()
    return re.findall(r'<tr data-row="q(\d+)"', page)


def test_the_queue_sorts_by_what_a_phase_blocks_page_and_file_alike(monkeypatch):
    monkeypatch.setattr("drain.dashboard.queue.views.SHOWN", 2)
    one, many, none = (
        queued(hours=9, phase_id="b-one"), queued(hours=2, phase_id="c-many"), queued(hours=5, phase_id="a-none")
    )  # fmt: skip
    for blocker, count in ((one, 1), (many, 2)):
        for _ in range(count):
            waits = PhaseFactory(run=blocker.run)
            Dependency.objects.create(phase=waits, prerequisite=blocker)
    # Through another one, and twice: it counts once.
    further = PhaseFactory(run=many.run)
    Dependency.objects.create(phase=further, prerequisite=many)
    Dependency.objects.create(
        phase=further, prerequisite=many.run.phases.filter(state="FAILED").first()
    )
    client = signed_in(Role.VIEWER)
    for sort, wanted in (
        ("", [one, none, many]),
        ("-blocks", [many, one, none]),
        ("blocks", [none, one, many]),
        ("phase", [none, one, many]),
        ("nonsense", [one, none, many]),
    ):
        pks = [str(phase.pk) for phase in wanted]
        second = f"?sort={sort}&from=2" if sort not in ("", "nonsense") else f"?after={pks[1]}"
        assert shown(client, f"?sort={sort}") + shown(client, second) == pks
        file = json.loads(client.get(f"/queued/?sort={sort}&download=json").getvalue())
        assert [str(row["number"]) for row in file] == pks
    assert [row["blocks_directly"] + row["blocks_through_others"] for row in file] == [1, 0, 3]


def test_a_queue_too_long_to_sort_says_so(monkeypatch):
    monkeypatch.setattr(order, "MOST", 1)
    monkeypatch.setattr(listing, "MOST", 1)
    first, second = queued(hours=3), queued(hours=2)
    client = signed_in(Role.VIEWER)
    assert shown(client, "?sort=-blocks") == [str(first.pk), str(second.pk)]
    page = client.get("/queued/?sort=-blocks").content.decode()
    assert "blocks sorts once the filters leave 1 rows or fewer" in page


def test_names_and_reasons_are_text_and_a_row_offers_only_what_a_person_may_do():
    run = RunFactory(run_id=HOSTILE)
    phase = queued(phase_id=HOSTILE, run=run)
    queued(hours=1)
    Hold.objects.create(
        kind="run", value=HOSTILE, reason=HOSTILE, created_by=HOSTILE, origin="browser"
    )
    for role, may in ((Role.OPERATOR, True), (Role.VIEWER, False)):
        page = signed_in(role).get("/queued/").content.decode()
        assert "<script>alert" not in page
        assert 'alert("' not in page
        assert page.count("&lt;script&gt;") >= 3
        offers = (
            "Clear…",
            "Drain it…",
            "Tick all",
            f'value="{phase.pk}"',
            "Release",
            "Hold</button>",
        )
        assert [offer in page for offer in offers] == [may] * len(offers)
        assert "Ignore it…" in page


def test_clearing_shows_what_it_will_do_asks_why_and_answers_per_phase():
    one, other = queued(), PhaseFactory(state="FAILED")
    operator = signed_in(Role.OPERATOR)
    data: dict[str, object] = {"pk": [one.pk, other.pk]}
    preview = operator.post("/queued/clear/?stale=1", data).content.decode()
    assert "Clear 2 phases" in preview
    assert Phase.objects.get(pk=one.pk).state == "QUEUED"
    data |= {"confirmed": "1", "to": "skipped", "reason": " "}
    refused = operator.post("/queued/clear/", data).content.decode()
    assert "A reason is missing" in refused
    assert 'value="skipped" checked' in refused
    assert "data-copy" not in refused
    alone = operator.post("/queued/clear/", {"pk": one.pk}).content.decode()
    same = f"manage.py clear_queued --to failed --reason TEXT {one.run.run_id} {one.phase_id}"
    assert f'data-copy="{same}"' in alone
    data["reason"] = "not needed any more"
    answer = operator.post("/queued/clear/?stale=1", data).content.decode()
    assert "1 phase moved, 1 not moved" in answer
    assert "not moved: it is FAILED" in answer
    assert "/queued/?stale=1" in answer
    assert Phase.objects.get(pk=one.pk).state == "SKIPPED"
    assert AuditEvent.objects.get().reason == "not needed any more"


def test_all_matching_means_the_filter_of_the_address():
    inside, outside = queued(), queued()
    data = {"all_matching": "1", "confirmed": "1", "to": "failed", "reason": "x"}
    signed_in(Role.OPERATOR).post(f"/queued/clear/?run={inside.run.run_id}", data)
    states = [Phase.objects.get(pk=each.pk).state for each in (inside, outside)]
    assert states == ["FAILED", "QUEUED"]


def test_a_failed_phase_is_requeued_with_a_reason():
    phase = PhaseFactory()
    data = {"pk": phase.pk, "confirmed": "1", "reason": "try the pipeline"}
    assert (
        "1 phase moved" in signed_in(Role.OPERATOR).post("/phases/requeue/", data).content.decode()
    )
    assert Phase.objects.get(pk=phase.pk).state == "QUEUED"


def test_one_queued_phase_is_drained_because_it_was_named():
    ExecutorProfile.objects.create(name="true", argv=["/bin/true"], is_default=True)
    phase, operator = queued(), signed_in(Role.OPERATOR)
    asked = operator.post(f"/phases/{phase.pk}/drain/").content.decode()
    assert "Drain 1 phase" in asked
    assert phase.phase_id in asked
    assert phase.run.run_id in asked
    assert "somebody else may be about to run it" in asked
    assert not DrainSession.objects.exists()
    operator.post(f"/phases/{phase.pk}/drain/", {"confirmed": "1"})
    session = DrainSession.objects.get()
    assert (session.selected, session.scope["phase"]) == (1, phase.pk)


@pytest.mark.parametrize("state", ["COMPLETE", "SKIPPED", "EXECUTING"])
def test_a_phase_that_cannot_be_drained_is_refused_in_one_sentence_and_makes_no_drain(state):
    address = f"/phases/{PhaseFactory(state=state).pk}/drain/"
    page = signed_in(Role.OPERATOR).post(address, follow=True).content.decode()
    assert f"is {state}; only a phase that is FAILED or QUEUED can be drained" in page
    assert not DrainSession.objects.exists()


def test_runs_are_held_and_released():
    operator, target = signed_in(Role.OPERATOR), RunFactory().run_id
    operator.post("/holds/", {"target": target, "reason": "broken branch"})
    held = Hold.objects.get()
    assert "broken branch" in operator.get("/queued/").content.decode()
    operator.post(f"/holds/{held.pk}/release/")
    assert Hold.objects.get().released_by
    answer = operator.post("/holds/", {"target": "*", "reason": "x"}, follow=True)
    assert "would stop all drains" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["queued/clear/", "phases/requeue/", "phases/1/drain/", "holds/", "holds/1/release/"]
)
def test_a_viewer_may_look_and_not_act(path):
    assert signed_in(Role.VIEWER).post(f"/{path}").status_code == 403
    assert signed_in(Role.OPERATOR, csrf=True).post(f"/{path}").status_code == 403


def test_the_end_of_a_hold_is_a_time_of_the_person_s_clock():
    operator = signed_in(Role.OPERATOR)
    operator.cookies["drain_zone"] = "Asia/Kolkata"
    for typed, utc in (("2999-01-31 18:00", None), ("soon", None), ("18:00", 12.5)):
        target = RunFactory().run_id
        data = {"target": target, "reason": "disk full", "until": typed}
        page = operator.post("/holds/", data, follow=True).content.decode()
        held = Hold.objects.filter(value=target)
        if utc is None:
            assert not held.exists()
            assert "is too far" in page or "“soon” is not a time: write it like 18:00" in page
        else:
            until = held.values_list("until", flat=True).get()
            assert until is not None
            assert until.hour + until.minute / 60 == utc
            assert timezone.now() < until <= timezone.now() + timedelta(days=1)


def test_a_failed_phase_is_discarded_from_its_page_after_a_reason():
    operator, phase = signed_in(Role.OPERATOR), PhaseFactory()
    address = reverse("drain:phase-discard")
    assert address in operator.get(reverse("drain:phase-detail", args=[phase.pk])).content.decode()
    asked = operator.post(address, {"pk": phase.pk}).content.decode()
    assert "Discard 1 phase" in asked
    assert 'value="failed"' not in asked, "a failed phase is not discarded as failed"
    for wrong in ({"to": "failed", "reason": "x"}, {"to": "skipped", "reason": " "}):
        operator.post(address, {"pk": phase.pk, "confirmed": 1, **wrong})
        assert Phase.objects.get().state == "FAILED"
    form = {"pk": phase.pk, "confirmed": 1, "to": "complete", "reason": "done by hand"}
    assert "1 phase moved" in operator.post(address, form).content.decode()
    assert Phase.objects.get().state == "COMPLETE"
    page = signed_in(Role.VIEWER).get(reverse("drain:phase-detail", args=[phase.pk]))
    assert address not in page.content.decode()


def test_after_clearing_those_who_waited_are_named_with_what_holds_them_now_and_a_drain_of_them():
    ExecutorProfile.objects.create(name="default", argv=["true"], is_default=True)
    blocker = queued(run=RunFactory(run_id="research-system-v2"))
    free, held = (PhaseFactory(run=blocker.run, phase_id=name) for name in ("testing", "docs"))
    still = queued(run=blocker.run, phase_id="another")
    for phase, needs in ((free, blocker), (held, blocker), (held, still)):
        Dependency.objects.create(phase=phase, prerequisite=needs)
    PhaseFactory(phase_id="a-stranger")
    operator = signed_in(Role.OPERATOR)
    answer = {"pk": blocker.pk, "to": "skipped", "reason": "done by hand", "confirmed": "1"}
    page = operator.post("/queued/clear/", answer).content.decode()
    assert "2 failed phases" in page
    waited = page.partition('id="waited"')[2]
    rows = dict(re.findall(r"/phases/(\d+)/.*?</svg>([^<]*)<", waited, re.DOTALL))
    assert rows[str(free.pk)] == "Nothing holds it back now"
    assert rows[str(held.pk)] != rows[str(free.pk)]
    assert str(held.pk) in rows
    assert 'href="/drains/new/?run=research-system-v2"' in page


def test_where_nobody_waited_nothing_more_is_said():
    blocker = queued()
    answer = {"pk": blocker.pk, "to": "skipped", "reason": "done by hand", "confirmed": "1"}
    page = signed_in(Role.OPERATOR).post("/queued/clear/", answer).content.decode()
    assert "Waited for" not in page
    assert "Drain their runs" not in page


def test_the_queue_narrows_to_when_phases_were_queued_on_the_page_in_the_file_and_for_acts():
    old, new = queued(hours=50, phase_id="old"), queued(hours=5, phase_id="new")
    ends = timezone.localtime(timezone.now() - timedelta(hours=20))
    before, since = f"?until={ends:%Y-%m-%dT%H:%M}", f"?since={ends:%Y-%m-%dT%H:%M}"
    operator = signed_in(Role.OPERATOR)
    assert (shown(operator, before), shown(operator, since)) == ([str(old.pk)], [str(new.pk)])
    assert shown(operator, f"{before}&sort=-blocks") == [str(old.pk)]
    file = json.loads(operator.get(f"/queued/{before}&download=json").getvalue())
    assert [row["phase"] for row in file] == ["old"]
    page = operator.get(f"/queued/{before}").content.decode()
    assert "1 queued, 1 stale" in page
    answer = {"all_matching": "1", "to": "failed", "reason": "old ones", "confirmed": "1"}
    operator.post(f"/queued/clear/{before}", answer)
    assert [phase.state for phase in Phase.objects.order_by("pk")] == ["FAILED", "QUEUED"]
    wrong = operator.get("/queued/?since=soon").content.decode()
    assert "is not a time" in wrong
