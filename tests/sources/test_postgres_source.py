"""An Autopack database on PostgreSQL: here a schema beside our own tables."""

from __future__ import annotations

from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection

from drain.models import Phase, Source
from drain.models.vocabulary import PhaseState
from drain.sources.autopack.importing import import_source
from drain.sources.autopack.readback import before, read_until_settled, row_now
from drain.sources.autopack.writing import Change, queue, unqueue, write_back
from tests.factories import NOON

pytestmark = pytest.mark.django_db
TABLES = """
CREATE SCHEMA {schema};
SET search_path = {schema};
CREATE TABLE runs (id text PRIMARY KEY, created_at timestamp);
CREATE TABLE phases (id serial, phase_id text, run_id text, phase_index int, name text, state text, scope json,
    last_failure_reason text, updated_at timestamp, started_at timestamp, completed_at timestamp);
CREATE TABLE token_estimation_v2_events (event_id serial, run_id text, phase_id text, "timestamp" timestamp,
    model text, predicted_output_tokens int, actual_output_tokens int);
INSERT INTO runs VALUES ('r1', '2026-01-01');
INSERT INTO phases (phase_id, run_id, phase_index, name, state, scope, last_failure_reason, updated_at, started_at)
VALUES ('a', 'r1', 0, '100 %', 'FAILED', '{{"k": 1}}', 'KeyError: 7', '2026-01-02 10:05', '2026-01-02 10:00'),
       ('b', 'r1', 1, 'B', 'QUEUED', NULL, NULL, '2026-01-02', NULL);
INSERT INTO token_estimation_v2_events (run_id, phase_id, "timestamp", model) VALUES ('r1', 'a', '2026-01-02', 'm');
"""


@pytest.fixture
def source():
    schema = f"autopack_{connection.settings_dict['NAME']}"
    params = connection.get_connection_params()
    query = {
        key: str(params[key]) for key in ("host", "port", "user", "password") if params.get(key)
    }
    plain = f"postgresql:///{params['dbname']}?{urlencode(query)}"
    with psycopg.connect(plain, autocommit=True) as owner:
        owner.execute(TABLES.format(schema=schema))
        try:
            url = f"{plain}&options=-csearch_path%3D{schema}"
            yield Source.objects.create(name="pg", kind="autopack", url=url, settle_seconds=1)
        finally:
            owner.execute(f"DROP SCHEMA {schema} CASCADE")


def test_it_is_read_like_a_file(source):
    first = import_source(source, NOON)
    assert (first.runs, first.created, first.attempts, first.telemetry) == (1, 2, 1, 1)
    assert first.identity["rows"]["phases"] == 2
    phase = Phase.objects.get(phase_id="a")
    assert (phase.name, phase.params, phase.last_failure_reason) == (
        "100 %",
        {"k": 1},
        "KeyError: 7",
    )
    assert import_source(source, NOON).unchanged == 2


def test_it_is_read_back_and_written_back(source, monkeypatch):
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)
    watermark = before(source, "r1", "a")
    assert write_back(source, Change("r1", "a", PhaseState.FAILED, PhaseState.COMPLETE))
    assert not write_back(source, Change("r1", "a", PhaseState.FAILED, PhaseState.QUEUED))
    assert read_until_settled(source, "r1", "a", watermark, lambda: None).state == "COMPLETE"


def test_a_phase_is_queued_and_failed_again_beside_its_time(source):
    was = before(source, "r1", "a").phases["a"]
    queued = Change(
        "r1", "a", PhaseState.QUEUED, PhaseState.FAILED, written_at="2026-01-02 10:04:00"
    )
    assert queue(source, was)
    assert not write_back(source, queued), "it is queued, and beside another time"
    now = row_now(source, "r1", "a")
    assert now is not None
    assert (now.state, now.written_at) == ("QUEUED", was.written_at)
    assert not queue(source, was), "it is not as it was read"
    assert unqueue(source, was)
    assert row_now(source, "r1", "a") == was
    assert not unqueue(source, was)
