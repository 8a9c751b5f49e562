"""Runs and fingerprints that are ticked in their lists are drained, held or decided about at once."""

from __future__ import annotations

import pytest

from drain.models import AuditEvent, Fingerprint, Hold
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import FingerprintFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_a_list_offers_ticks_with_what_somebody_may_do():
    PhaseFactory(run=RunFactory(run_id="one"))
    cause = FingerprintFactory()
    for role, drains, holds, decides in (
        (Role.VIEWER, False, False, False),
        (Role.OPERATOR, True, True, None),
        (Role.MANAGER, True, True, True),
    ):
        client = signed_in(role)
        runs = client.get("/runs/").content.decode()
        assert ('name="run" value="one"' in runs) == drains
        assert ('formaction="/runs/hold/"' in runs) == holds
        found = client.get("/fingerprints/").content.decode()
        assert (f'name="fingerprint" value="{cause.key}"' in found) == drains
        if decides is not None:
            assert ('name="act" value="snooze"' in found) == decides


def test_ticked_runs_and_fingerprints_are_in_the_form_of_a_drain():
    one, two = PhaseFactory(last_fingerprint="f-1"), PhaseFactory(last_fingerprint="f-2")
    PhaseFactory()
    FingerprintFactory(key="f-1")
    client = signed_in(Role.OPERATOR)
    page = client.get("/drains/new/", {"run": [one.run.run_id, two.run.run_id]}).content.decode()
    assert "2 failed phases, each selected or excluded once" in page
    page = client.get("/drains/new/", {"fingerprint": ["f-1", "f-2"]}).content.decode()
    assert one.phase_id in page
    assert two.phase_id in page


def test_runs_are_held_after_a_reason_and_each_has_its_result():
    for name in ("a", "b", HOSTILE):
        RunFactory(run_id=name)
    client, named = signed_in(Role.MANAGER), {"run": ["a", "b", HOSTILE, "none"]}
    page = client.get("/runs/hold/", named).content.decode()
    assert "Hold 3 runs" in page
    assert HOSTILE not in page
    assert Hold.objects.count() == 0, "looking changes nothing"
    page = client.post("/runs/hold/", named | {"reason": ""}).content.decode()
    assert "A reason is missing" in page
    page = client.post("/runs/hold/", named | {"reason": "x", "until": "soon"}).content.decode()
    assert "is not a time" in page
    assert 'value="soon"' in page
    assert Hold.objects.count() == 0
    client.post("/runs/hold/", {"run": "a", "reason": "first"})
    page = client.post("/runs/hold/", named | {"reason": "disk"}).content.decode()
    assert "Hold: 2 runs done, 1 not done" in page
    assert "a is held already" in page
    assert set(Hold.objects.values_list("value", flat=True)) == {"a", "b", HOSTILE}


@pytest.mark.parametrize(
    ("act", "status"), [("snooze", "snoozed"), ("mute", "muted"), ("resolve", "resolved")]
)
def test_fingerprints_are_decided_about_after_a_reason_and_each_has_its_result(act, status):
    causes = [FingerprintFactory(status="ongoing") for _ in range(2)]
    aside = FingerprintFactory(status="muted")
    keys = [cause.key for cause in (*causes, aside)]
    client, given = signed_in(Role.MANAGER), {"act": act, "fingerprint": keys, "days": "3"}
    assert "3 fingerprints" in client.get("/fingerprints/decide/", given).content.decode()
    assert "A reason is missing" in client.post("/fingerprints/decide/", given).content.decode()
    assert set(Fingerprint.objects.values_list("status", flat=True)) == {"ongoing", "muted"}
    page = client.post("/fingerprints/decide/", given | {"reason": "known"}).content.decode()
    assert "2 fingerprints done, 1 not done" in page
    assert "it is muted" in page
    assert {Fingerprint.objects.get(pk=cause.pk).status for cause in causes} == {status}
    assert AuditEvent.objects.filter(reason="known").count() == 2


def test_days_that_make_no_sense_change_nothing():
    cause = FingerprintFactory(status="ongoing")
    given = {"act": "snooze", "fingerprint": cause.key, "days": "-1", "reason": "x"}
    page = signed_in(Role.MANAGER).post("/fingerprints/decide/", given).content.decode()
    assert "makes no sense" in page
    assert 'value="-1"' in page
    cause.refresh_from_db()
    assert cause.status == "ongoing"


@pytest.mark.parametrize("path", ["/runs/hold/", "/fingerprints/decide/?act=mute"])
def test_nothing_ticked_says_so_and_a_viewer_may_not(path):
    assert "was chosen" in signed_in(Role.MANAGER).get(path).content.decode()
    assert signed_in(Role.VIEWER).get(path).status_code == 403


def test_a_decision_that_there_is_not_is_no_page():
    assert signed_in(Role.MANAGER).get("/fingerprints/decide/?act=drop").status_code == 404


def test_all_that_match_are_meant_by_the_filters_and_not_only_those_of_the_page(monkeypatch):
    monkeypatch.setattr("drain.dashboard.runs.list_query.PAGE", 2)
    monkeypatch.setattr("drain.dashboard.runs.views.PAGE", 2)
    for name in ("gpu-1", "gpu-2", "gpu-3", "cpu-1"):
        PhaseFactory(run=RunFactory(run_id=name))
    client = signed_in(Role.MANAGER)
    page = client.get("/runs/?q=gpu&sort=run&from=2").content.decode()
    assert "Select all" not in page, "the last page has no more rows than it shows"
    page = client.get("/runs/?q=gpu&sort=run").content.decode()
    assert "Select all 3 matching" in page
    assert 'data-select-flag="?q=gpu"' in page
    named = {"all_matching": "?q=gpu", "run": "gpu-1"}
    asked = client.get("/runs/hold/", named).content.decode()
    assert "Hold 3 runs" in asked
    assert 'name="all_matching" value="?q=gpu"' in asked
    answer = named | {"count": "3", "reason": "broken card"}
    assert "Hold: 3 runs done" in client.post("/runs/hold/", answer).content.decode()
    assert set(Hold.objects.values_list("value", flat=True)) == {"gpu-1", "gpu-2", "gpu-3"}
    drain = client.get("/runs/drain/", named)
    assert drain["Location"] == "/drains/new/?run=gpu-3&run=gpu-2&run=gpu-1"


def test_what_matches_by_now_in_another_number_is_asked_about_again():
    RunFactory(run_id="gpu-1")
    client, named = signed_in(Role.MANAGER), {"all_matching": "?q=gpu"}
    assert "Hold 1 run" in client.get("/runs/hold/", named).content.decode()
    RunFactory(run_id="gpu-2")
    page = client.post("/runs/hold/", named | {"count": "1", "reason": "x"}).content.decode()
    assert "2 match by now: look again before you go on." in page
    assert not Hold.objects.exists()


def test_all_matching_fingerprints_are_decided_about_by_their_filters(monkeypatch):
    monkeypatch.setattr("drain.dashboard.fingerprints.views.SHOWN", 1)
    for number in range(3):
        FingerprintFactory(title=f"disk full {number}", status="ongoing")
    other = FingerprintFactory(title="else", status="ongoing")
    client = signed_in(Role.MANAGER)
    assert "Select all 3 matching" in client.get("/fingerprints/?q=disk").content.decode()
    given = {"act": "mute", "all_matching": "?q=disk"}
    assert "3 fingerprints" in client.get("/fingerprints/decide/", given).content.decode()
    answer = given | {"count": "3", "reason": "known"}
    page = client.post("/fingerprints/decide/", answer).content.decode()
    assert "3 fingerprints done" in page
    other.refresh_from_db()
    assert other.status == "ongoing"
    assert Fingerprint.objects.filter(status="muted").count() == 3
    drain = client.get("/fingerprints/drain/", given)["Location"]
    assert drain.count("fingerprint=") == 3


def test_more_than_an_act_takes_is_said_and_not_offered(monkeypatch):
    monkeypatch.setattr("drain.dashboard.runs.list_query.PAGE", 1)
    monkeypatch.setattr("drain.dashboard.runs.views.PAGE", 1)
    for module in ("question", "runs"):
        monkeypatch.setattr(f"drain.dashboard.ticked.{module}.MOST", 2)
    runs = [RunFactory(run_id=name).run_id for name in ("a", "b")]
    monkeypatch.setattr("drain.dashboard.runs.views.MOST", 2)
    monkeypatch.setattr("drain.dashboard.ticked.question.MOST_PICKED", 1)
    client = signed_in(Role.OPERATOR)
    page = client.get("/runs/drain/", {"run": runs}, follow=True).content.decode()
    assert "A drain names at most 1 runs and 2 match" in page
    RunFactory()
    page = client.get("/runs/").content.decode()
    assert "More than 2 match: narrow the filters" in page
    assert "Select all" not in page
    asked = {"all_matching": "?", "count": "2", "reason": "x"}
    for answer in (client.get("/runs/hold/", asked), client.post("/runs/hold/", asked)):
        assert "More than 2 match: narrow the filters first." in answer.content.decode()
    assert not Hold.objects.exists()
    for given in (asked, {}):
        answer = client.get("/runs/drain/", given, follow=True)
        assert answer.redirect_chain[-1][0] == "/runs/", "no name would be a drain of all"
