"""The page Autopilot: next times, why nothing was started, what was used, verbs with their reasons."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from drain.engine.autopilot.changing import wanted_of
from drain.engine.autopilot.rollouts import OnFix, drain_on_fix
from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot
from drain.engine.queue.selection import PhaseFilter
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import AuditEvent, Autopilot, DrainSession, Rollout
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import KeyLevel, Limits
from tests.factories import ExecutorFactory, FingerprintFactory, PhaseFactory, SessionFactory
from tests.people import signed_in

pytestmark = pytest.mark.django_db
ANN = Person("ann", Origin.BROWSER)
PAGE = "/autopilot/"


def rule(name="nightly", **changes):
    given = {"cron": "@daily", **changes}
    return add_autopilot(AutopilotRequest(name=name, **given), ANN, timezone.now())


def html(client, **query):
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_page_says_what_it_is_for_and_a_viewer_has_no_form():
    page = html(signed_in(Role.VIEWER))
    assert "No drain starts by itself" in page
    assert "No fix was drained by itself" in page
    assert 'name="cron"' not in page
    assert 'name="cron"' in html(signed_in(Role.OPERATOR))


def test_an_autopilot_stands_there_with_its_next_times_its_latest_drain_and_its_budget():
    made = rule(budget=Amount(attempts=1500, minutes=30))
    SessionFactory(autopilot=made, created_at=timezone.now(), started_at=timezone.now() - timedelta(minutes=7),
                   ended_at=timezone.now())  # fmt: skip
    Autopilot.objects.update(said="Nothing was selected.", said_at=timezone.now())
    page = html(signed_in(Role.VIEWER))
    assert page.count("00:00") >= 3
    assert "0 of 1,500 attempts" in page
    assert "7 of 30 minutes" in page
    assert "Nothing was selected." in page
    assert f"Drain {DrainSession.objects.get().pk}" in page
    assert "Run now" not in page


def test_what_is_typed_becomes_an_autopilot_and_a_mistake_leaves_it_typed():
    client = signed_in(Role.OPERATOR)
    typed = {
        "name": "gpu <b>", "trigger": "schedule", "cron": "61 * * * *", "timezone": "Europe/Berlin",
        "quiet": "07:00-20:00", "labels": "gpu big", "parallel": "4", "ramp": "50", "batch_size": "200",
        "attempts": "500", "pause_after": "5", "sample": "", "reason": "backlog",
    }  # fmt: skip
    refused = client.post(PAGE, typed)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "is no minute" in text
    assert 'value="gpu &lt;b&gt;"' in text
    assert client.post(PAGE, typed | {"cron": "30 2 * * *", "parallel": "many"}).status_code == 422
    assert not Autopilot.objects.exists()
    assert client.post(PAGE, typed | {"cron": "30 2 * * *"}).status_code == 302
    made = Autopilot.objects.get()
    assert made.filter == {"labels": ["gpu", "big"]}
    kept = {name: made.limits[name] for name in ("parallel", "ramp", "batch_size")}
    assert kept == {"parallel": 4, "ramp": 0.5, "batch_size": 200}
    assert (made.budget_attempts, made.pause_after, made.timezone) == (500, 5, "Europe/Berlin")
    line = AuditEvent.objects.get(verb="autopilot.add")
    assert (line.origin, line.reason) == ("browser", "backlog")
    assert "gpu &lt;b&gt;" in html(client)


def test_after_a_fix_it_needs_no_schedule():
    client = signed_in(Role.OPERATOR)
    typed = {
        "name": "fixes",
        "trigger": "fix",
        "cron": "30 2 * * *",
        "sample": "30",
        "pause_after": "",
    }
    assert client.post(PAGE, typed).status_code == 302
    made = Autopilot.objects.get()
    assert (made.trigger, made.cron, made.sample, made.pause_after) == ("fix", "", 30, None)
    assert "a sample of 30" in html(client)


def test_the_verbs_ask_for_a_reason_and_say_what_they_did():
    ExecutorFactory()
    PhaseFactory()
    made, client = rule(), signed_in(Role.OPERATOR)

    def act(name, reason="because"):
        address = reverse(f"drain:autopilot-{name}", args=[made.pk])
        return client.post(address, {"reason": reason}, follow=True).content.decode()

    assert "A reason is missing" in act("pause", "")
    assert "nightly is paused." in act("pause")
    assert "because" in html(client)
    assert "It is paused by" in act("run")
    assert "nightly is on." in act("resume")
    assert "of 1 phase is started." in act("run")
    assert "nightly is removed." in act("remove")
    assert not Autopilot.objects.exists()


def test_a_drain_on_fix_stands_there_with_its_fix_and_is_stopped():
    cause = FingerprintFactory()
    now = timezone.now()
    marker = add_marker("Pinned <lib>", By("ann", Origin.BROWSER, now), keys=[cause.key])
    drain_on_fix(marker, OnFix(), ANN, now)
    client = signed_in(Role.OPERATOR)
    page = html(client)
    assert f"FM-{marker.pk} Pinned &lt;lib&gt;" in page
    answer = client.post(
        reverse("drain:rollout-stop", args=[marker.pk]), {"reason": "wrong"}, follow=True
    )
    assert f"The drain on fix FM-{marker.pk} is stopped." in answer.content.decode()
    assert Rollout.objects.get().state == "stopped"
    assert "Somebody stopped it." in html(client)


def test_the_form_of_a_fix_has_it_drained_and_its_page_says_how_far_that_is():
    cause = FingerprintFactory()
    client = signed_in(Role.MANAGER)
    form = reverse("drain:marker-new")
    assert 'name="drains"' in client.get(form).content.decode()
    refused = client.post(form, {"title": "Nothing named", "drains": "on"})
    assert refused.status_code == 422
    assert "Name the fingerprints" in refused.content.decode()
    assert not Rollout.objects.exists()
    told = client.post(
        form, {"title": "Pinned", "fingerprint": cause.key, "drains": "on"}, follow=True
    )
    page = told.content.decode()
    assert 'id="rollout-title"' in page
    assert "It goes on while the verdict holds." in page
    client.post(form, {"title": "Another", "fingerprint": cause.key})
    assert Rollout.objects.count() == 1


def form_values(client, address):
    """Return the values that the browser would send of the form as it stands."""
    page = client.get(address).content.decode()
    form = page[page.index('aria-labelledby="add-title"') :]
    return dict(re.findall(r'name="(\w+)"[^>]*?\svalue="([^"]*)"', form))


def test_the_form_sends_back_what_it_was_given_and_changes_what_is_typed():
    filters = PhaseFilter(
        labels=("gpu", "nightly"), names=("a phase*",), types=("test",), error="no <disk>"
    )
    made = rule(
        filter=filters, limits=Limits(batch_size=999_999, max_failure_rate=0.333, key_level=KeyLevel.FINE),
        budget=Amount(attempts=1_000_000, minutes=90.5), quiet="07:00-20:00", timezone="Europe/Berlin",
    )  # fmt: skip
    client, address = signed_in(Role.OPERATOR), f"/autopilot/{made.pk}/change/"
    values = form_values(client, address)
    assert (values["batch_size"], values["minutes"], values["attempts"]) == (
        "999999",
        "90.5",
        "1000000",
    )
    assert "names" not in values, "a name with a space cannot stand in it"
    assert "sample" not in values, "it is of a fix"
    page = client.get(address).content.decode()
    assert "names a phase*; types test; key level fine." in " ".join(page.split())
    values["error"] = "no <disk>"
    values["labels"] = "gpu"
    answer = client.post(address, values | {"reason": "one is enough"})
    assert answer.status_code == 302, answer.content
    line = AuditEvent.objects.get(verb="autopilot.change")
    assert set(line.new) == {"filter"}, "no number was read otherwise than it was written"
    found = wanted_of(Autopilot.objects.get())
    assert found.filter == replace(filters, labels=("gpu",))


def test_a_form_that_is_older_than_the_settings_changes_nothing_and_keeps_what_was_typed():
    made = rule()
    client, address = signed_in(Role.OPERATOR), f"/autopilot/{made.pk}/change/"
    values = form_values(client, address)
    client.post(address, values | {"cron": "@hourly", "reason": "x"})
    late = client.post(address, values | {"cron": "30 4 * * *", "reason": "x"})
    assert late.status_code == 422
    assert "changed meanwhile" in late.content.decode()
    assert 'value="30 4 * * *"' in late.content.decode()
    assert Autopilot.objects.get().cron == "@hourly"
    assert client.post(address, values | {"pause_after": "many", "reason": "x"}).status_code == 422


def test_one_on_fix_is_changed_too_and_has_no_schedule():
    made = rule(cron="", on_fix=True)
    client, address = signed_in(Role.OPERATOR), f"/autopilot/{made.pk}/change/"
    values = form_values(client, address)
    assert "cron" not in values
    client.post(address, values | {"sample": "40", "reason": "x"})
    assert Autopilot.objects.get().sample == 40
    assert address not in html(signed_in(Role.VIEWER))
    assert address in html(client)
