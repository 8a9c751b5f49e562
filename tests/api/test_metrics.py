"""Prometheus reads what the overview counts, with a token, and every alert rule asks for what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from drain.models import HourlyTotal
from drain.models.roles import Role
from tests.factories import NOON, FingerprintFactory, PhaseFactory, SessionFactory
from tests.people import signed_in

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


def _scraped(token):
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.content.decode()))
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    return families, samples


def test_every_number_is_that_of_the_database_and_an_empty_state_is_zero(script):
    for state in ("FAILED", "FAILED", "QUEUED"):
        PhaseFactory(state=state)
    FingerprintFactory(status="regressed")
    SessionFactory(state="paused", ended_at=None)
    for hour in (0, 1):
        HourlyTotal.objects.create(
            hour=NOON.replace(hour=hour), category="x", outcome="lost", attempts=3
        )
    _, samples = _scraped(script(Role.VIEWER).token)
    assert samples["drain_phases", "FAILED"] == 2
    assert samples["drain_phases", "COMPLETE"] == 0
    assert samples["drain_sessions_live", "paused"] == 1
    assert samples["drain_sessions_live", "running"] == 0
    assert samples["drain_autopilots", "on"] == samples["drain_autopilots", "paused"] == 0
    assert samples["drain_fingerprints", "regressed"] == 1
    assert samples["drain_attempts_total", "lost"] == 6
    assert samples["drain_attempts_total", "complete"] == 0
    assert samples[("drain_hosts",)] == samples[("drain_slots_busy",)] == 0


def test_a_scrape_costs_the_same_whatever_there_is(script, django_assert_max_num_queries):
    token = script().token
    for _ in range(20):
        PhaseFactory()
    with django_assert_max_num_queries(25):
        _scraped(token)


def test_names_follow_the_conventions_and_each_says_what_it_is(script):
    families, _ = _scraped(script().token)
    assert len(families) >= 9
    for family in families:
        assert re.fullmatch(r"drain_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert family.type in {"gauge", "counter"}


def test_without_a_token_nothing_is_said_and_a_cookie_is_none():
    assert Client().get("/metrics").status_code == 401
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 401
    assert signed_in(Role.ADMINISTRATOR).get("/metrics").status_code == 401
    assert Client().post("/metrics").status_code == 401


def test_every_alert_rule_asks_for_a_metric_that_is_there(script):
    _, samples = _scraped(script().token)
    names = {name for name, *_ in samples} | {"drain_source_unsettled_phases"}
    text = DOCUMENT.read_text()
    rules = re.findall(r"expr: (.+)", text)
    assert len(rules) >= 5
    for rule in rules:
        asked = set(re.findall(r"\bdrain_[a-z_]+", rule))
        assert asked, rule
        assert asked <= names, rule
        for label in re.findall(r'(?:state|status|outcome)="([^"]+)"', rule):
            assert any(label in rest for _, *rest in samples), rule
    listed = set(re.findall(r"^\| `(drain_[a-z_]+)", text, re.MULTILINE))
    assert listed == names
