"""Same and different failures: fingerprints merged and split on their pages, each undone with one click."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from drain.dashboard.fingerprints.listing import causes_by_trend
from drain.models import (
    AttemptDelta,
    Fingerprint,
    FingerprintAlias,
    FingerprintSplit,
    Phase,
)
from drain.models.roles import Role
from drain.models.vocabulary import Outcome
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def test_what_is_likely_the_same_is_shown_with_why_merged_with_one_click_and_undone_with_one():
    one = FingerprintFactory(
        key="one", coarse="c", headline="h1", template="refused by node7 of pool"
    )
    FingerprintFactory(key="two", coarse="c", headline="h2", template="refused by node9 of pool")
    FingerprintFactory(key="far", coarse="c", headline="h3", template="no space left on device")
    _an_attempt_failed_by("two")
    manager = signed_in(Role.MANAGER)
    page = manager.get("/fingerprints/one/").content.decode()
    assert "differ in one place only: “node7” and “node9”" in page
    assert "/fingerprints/two/merge/" in page
    assert "/fingerprints/far/merge/" not in page
    assert "0 failed attempts<" in page
    assert "/merge/" not in signed_in(Role.VIEWER).get("/fingerprints/one/").content.decode()
    form = {"into": "one", "reason": "Likely the same.", "next": "/fingerprints/one/"}
    answer = manager.post("/fingerprints/two/merge/", form)
    assert answer.headers["Location"] == "/fingerprints/one/"
    assert Fingerprint.objects.get(key="two").merged_into == one
    page = manager.get("/fingerprints/one/").content.decode()
    assert "/fingerprints/two/unmerge/" in page
    assert "/fingerprints/two/merge/" not in page
    assert "1 failed attempt<" in page, "what was counted for the other one before counts here"
    manager.post("/fingerprints/two/unmerge/", {"reason": "Undone.", "next": "/fingerprints/one/"})
    assert Fingerprint.objects.get(key="two").merged_into is None
    assert "0 failed attempts<" in manager.get("/fingerprints/one/").content.decode()
    assert "1 failed attempt<" in manager.get("/fingerprints/two/").content.decode()
    again = manager.post("/fingerprints/two/unmerge/", {"reason": "Undone."}, follow=True)
    assert "nothing changed" in again.content.decode()


def test_the_list_the_page_and_the_command_count_a_chain_of_merges_and_an_older_key():
    last = FingerprintFactory(key="c", status="new")
    middle = FingerprintFactory(key="b", merged_into=last)
    FingerprintFactory(key="a", merged_into=middle)
    FingerprintAlias.objects.create(key="older", fingerprint=middle, version=1)
    FingerprintFactory(key="far")
    for key in ("a", "b", "c", "older", "far"):
        _an_attempt_failed_by(key)
        PhaseFactory(state="FAILED", last_fingerprint=key)
    listed = {item["key"]: item["week"] for item in causes_by_trend(timezone.now(), 9)}
    assert listed == {"c": 4, "far": 1}
    assert "4 failed attempts<" in signed_in(Role.VIEWER).get("/fingerprints/c/").content.decode()
    out = StringIO()
    call_command("fingerprints", "--json", stdout=out)
    said = json.loads(out.getvalue())["fingerprints"]
    assert {item["key"]: item["failed_now"] for item in said} == {"c": 4, "far": 1}


def _an_attempt_failed_by(key: str) -> None:
    """As the statement that ends an attempt leaves it: the attempt, and what it adds to the totals."""
    phase, ended = PhaseFactory(), timezone.now()
    AttemptFactory(phase=phase, fingerprint=key, outcome=Outcome.FAILED, finished_at=ended)
    AttemptDelta.objects.create(
        finished_at=ended,
        run_pk=phase.run_id,
        category="unknown",
        outcome=Outcome.FAILED,
        fingerprint=key,
        seconds=1,
        telemetry_events=0,
    )


def test_a_fingerprint_is_split_on_its_page_and_undone_there_with_one_click():
    whole = FingerprintFactory(title="OSError: [Errno 28] No space left on device")
    for disk in ("a", "b"):
        error = f"OSError: [Errno 28] No space left on device: '/{disk}/1.log'"
        phase = PhaseFactory(last_fingerprint=whole.key, last_failure_reason=error)
        AttemptFactory(phase=phase, fingerprint=whole.key, error=error)
    manager, path = signed_in(Role.MANAGER), f"/fingerprints/{whole.key}/"
    page = manager.get(path).content.decode()
    assert '<option value="OSError">' in page, "what its failures tell is offered"
    wrong = manager.post(
        f"{path}split/", {"by": "colour", "value": "x", "reason": "x"}, follow=True
    )
    assert "type, message, place or test" in wrong.content.decode()
    manager.post(f"{path}split/", {"by": "message", "value": "/b/", "reason": "two disks"})
    part = FingerprintSplit.objects.get().part
    assert Phase.objects.filter(last_fingerprint=part.key).count() == 1
    page = manager.get(path).content.decode()
    assert "split off from this one" in page
    assert "by message “/b/”" in page
    assert (
        "this one was split off from it"
        in manager.get(f"/fingerprints/{part.key}/").content.decode()
    )
    undo = {"into": whole.key, "reason": "Undone.", "next": path}
    assert undo["into"] in page
    assert manager.post(f"/fingerprints/{part.key}/merge/", undo).headers["Location"] == path
    page = manager.get(path).content.decode()
    assert "split off from this one" not in page
    assert f"/fingerprints/{part.key}/unmerge/" in page
    manager.post(f"/fingerprints/{part.key}/unmerge/", {"reason": "Undone.", "next": path})
    assert "split off from this one" in manager.get(path).content.decode()


def test_every_merge_of_a_chain_is_undone_on_the_page_that_stands_for_all():
    last = FingerprintFactory(key="c")
    middle = FingerprintFactory(key="b", title="the middle", merged_into=last)
    FingerprintFactory(key="a", merged_into=middle)
    page = signed_in(Role.MANAGER).get("/fingerprints/c/").content.decode()
    assert "/fingerprints/a/unmerge/" in page
    assert "/fingerprints/b/unmerge/" in page
    assert "merged into the middle" in " ".join(page.split())
