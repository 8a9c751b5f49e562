"""Settings of a drain under a name: used again in the form, and by Autopilot."""

from __future__ import annotations

from html import unescape

import pytest

from drain.models import AuditEvent, Autopilot, SavedView
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import ExecutorFactory, FingerprintFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
KEY = "k" * 32


@pytest.fixture
def sent():
    """The fields of the form as a browser sends them: two chips, one name that is still typed, two limits."""
    FingerprintFactory(key=KEY, title="disk full")
    for name in ("gpu-1", "gpu-2", "cpu-1"):
        PhaseFactory(run=RunFactory(run_id=name), last_fingerprint=KEY)
    ExecutorFactory()
    return {
        "page": "session-new", "name": "Nightly", "run": ["gpu-1", "gpu-2"], "add_run": "cpu-1",
        "fingerprint": KEY, "batch_size": "2", "max_failure_rate": "30", "queued_policy": "run",
        "until": "2099-01-01T00:00", "seen_digest": "x", "seen_ids": "1",
    }  # fmt: skip


def test_settings_are_kept_under_a_name_and_fill_the_form_again(sent):
    client = signed_in(Role.OPERATOR)
    assert "Save these settings" in client.get("/drains/new/").content.decode()
    assert "Saved drains" not in client.get("/drains/new/").content.decode()
    page = client.post("/views/save/", sent, follow=True).content.decode()
    assert "Saved as Nightly." in page
    chips = [f'name="run" value="{name}" checked' in page for name in ("gpu-1", "gpu-2", "cpu-1")]
    assert all(chips), "what was typed is a chip now"
    assert 'name="fingerprint" value="' + KEY in page
    assert 'name="batch_size" inputmode="decimal" autocomplete="off"\n      value="2"' in page
    assert "Start drain of 2 phases" in page
    assert "2099" not in SavedView.objects.get().query, "a moment comes once"
    again = client.get("/drains/new/").content.decode()
    chip = again.partition('class="view-chip" href="')[2].partition('"')[0]
    assert "Start drain of 2 phases" in client.get(unescape(chip)).content.decode()
    assert AuditEvent.objects.get(verb="savedview.save").label == "session-new: Nightly"
    assert "Nightly" not in signed_in(Role.MANAGER).get("/drains/new/").content.decode()


def test_an_autopilot_takes_them_and_says_what_it_leaves_out(sent):
    client = signed_in(Role.OPERATOR)
    client.post("/views/save/", sent | {"skip": "archive-", "sample": "5"})
    saved = SavedView.objects.get()
    assert f'href="?saved={saved.pk}">Nightly' in client.get("/autopilot/").content.decode()
    page = client.get(f"/autopilot/?saved={saved.pk}").content.decode()
    left = "skipped prefixes, the queued policy, sample first"
    assert f"This form leaves out what the saved drain says of {left}." in page
    for name, value in (
        ("run_ids", "gpu-1 gpu-2 cpu-1"),
        ("fingerprints", KEY),
        ("batch_size", "2"),
        ("max_failure_rate", "30"),
    ):
        assert f'name="{name}" maxlength' in page
        assert f'value="{value}"' in page
    other = signed_in(Role.MANAGER).get(f"/autopilot/?saved={saved.pk}").content.decode()
    assert "gpu-1" not in other, "one's own alone"
    assert not Autopilot.objects.exists()


def test_what_is_too_long_to_keep_is_refused(sent):
    client = signed_in(Role.OPERATOR)
    names = [f"{number:0299}" for number in range(40)]
    page = client.post("/views/save/", sent | {"run": names}, follow=True).content.decode()
    assert "These settings are too long to keep" in page
    assert not SavedView.objects.exists()
