"""Importing an Autopack database."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Count

from drain.models import (
    Attempt,
    AttemptDelta,
    Fingerprint,
    Phase,
    Run,
    StateDelta,
    TelemetryEvent,
    Transition,
)
from drain.sources.autopack.importing import import_source
from drain.sources.errors import SourceError
from tests.factories import NOON

pytestmark = pytest.mark.django_db
RUN = "research-system-v2"


def phase(name: str) -> Phase:
    return Phase.objects.get(run__run_id=RUN, phase_id=name)


def test_everything_comes_in_once(autopack):
    source = autopack.source()
    first = import_source(source, NOON)
    assert (first.runs, first.phases, first.created) == (25, 285, 285)
    assert (first.attempts, first.telemetry) == (268, 206)
    second = import_source(source, NOON)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 285)
    assert (second.attempts, second.telemetry, second.runs_created) == (0, 0, 0)
    assert Attempt.objects.count() == AttemptDelta.objects.count() == 268
    assert TelemetryEvent.objects.count() == 206


def test_the_planner_learns_of_the_rows_while_they_come_in(autopack):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE drain_phase")
        import_source(autopack.source(), NOON)
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'drain_phase'::regclass")
        assert cursor.fetchone() == (285,)


def test_the_scenario_arrives_as_the_report_tells_it(autopack):
    import_source(autopack.source(), NOON)
    states = Phase.objects.filter(run__run_id=RUN).values_list("state").annotate(n=Count("id"))
    assert dict(states) == {"COMPLETE": 2, "FAILED": 5, "QUEUED": 1}
    failed = phase("research-orchestrator")
    assert failed.last_failure_reason.startswith("CI collection/import error")
    assert Fingerprint.objects.get(key=failed.last_fingerprint).category == failed.failure_category
    assert failed.source_attempts == 3
    assert failed.state_changed_at.isoformat() == "2025-12-27T13:06:00+00:00"
    run = Run.objects.get(run_id=RUN)
    assert (run.order, run.max_parallel) == ("independent", 1), "one at a time, in any order"
    assert StateDelta.objects.filter(state="FAILED").exists()


def test_past_attempts_carry_their_telemetry(autopack):
    import_source(autopack.source(), NOON)
    attempt = phase("research-foundation").attempt_set.get()
    assert (attempt.number, attempt.outcome, attempt.worker, attempt.session) == (
        1,
        "complete",
        "source:auto",
        None,
    )
    assert attempt.telemetry_count == attempt.telemetry.count() > 0


def test_a_state_that_moved_in_the_source_is_followed_and_told(autopack):
    source = autopack.source()
    import_source(source, NOON)
    autopack.set(
        "research-orchestrator",
        state="COMPLETE",
        completed_at="2025-12-29 10:00:00",
        updated_at="2025-12-29 10:00:00",
    )
    result = import_source(source, NOON)
    assert (result.updated, result.synced, result.attempts) == (1, 1, 1)
    moved = phase("research-orchestrator")
    assert moved.state == "COMPLETE"
    said = Transition.objects.filter(subject_pk=moved.pk, subject="phase").latest("id")
    assert (said.from_state, said.to_state, said.verb, said.actor) == (
        "FAILED",
        "COMPLETE",
        "synced",
        "source:auto",
    )


def test_a_missing_reason_never_erases_an_earlier_one(autopack):
    source = autopack.source()
    import_source(source, NOON)
    before = phase("research-orchestrator").last_failure_reason
    autopack.set("research-orchestrator", last_failure_reason=None)
    import_source(source, NOON)
    assert phase("research-orchestrator").last_failure_reason == before


def test_a_later_reason_of_ours_is_not_replaced_by_an_old_one_of_the_source(autopack):
    source = autopack.source()
    import_source(source, NOON)
    Phase.objects.filter(phase_id="research-orchestrator").update(
        last_failure_reason="timed out", state_changed_at=NOON
    )
    import_source(source, NOON)
    assert phase("research-orchestrator").last_failure_reason == "timed out"


def test_a_phase_we_hold_is_left_alone(autopack):
    source = autopack.source()
    import_source(source, NOON)
    Phase.objects.filter(phase_id="research-orchestrator").update(
        state="EXECUTING", lease_owner=uuid4()
    )
    result = import_source(source, NOON)
    assert result.leased == 1
    assert phase("research-orchestrator").state == "EXECUTING"


def test_late_telemetry_goes_to_its_phase(autopack):
    source = autopack.source()
    import_source(source, NOON)
    autopack.run("UPDATE token_estimation_v2_events SET event_id = 5000 WHERE event_id = 1")
    assert import_source(source, NOON).telemetry == 1
    assert phase("research-foundation").telemetry.filter(attempt=None).count() == 1


def test_importing_never_writes_to_the_source(autopack):
    before = autopack.path.read_bytes()
    autopack.path.chmod(0o444)
    import_source(autopack.source(), NOON)
    assert autopack.path.read_bytes() == before
    assert [path.name for path in autopack.path.parent.iterdir()] == ["autopack.sqlite3"]


def test_missing_optional_columns_are_tolerated(autopack):
    for column in ("complexity", "scope", "retry_attempt", "last_failure_reason"):
        autopack.run(f"ALTER TABLE phases DROP COLUMN {column}")
    autopack.run("DROP TABLE token_budget_escalation_events")
    assert import_source(autopack.source(), NOON).created == 285


def refuse(autopack) -> str:
    with pytest.raises(SourceError) as refused:
        import_source(autopack.source(), NOON)
    assert not Phase.objects.exists()
    assert not Run.objects.exists()
    return str(refused.value)


def test_a_database_of_something_else_is_refused(autopack):
    autopack.run("DROP TABLE phases")
    assert "is no Autopack database: it has no table phases." in refuse(autopack)


def test_a_file_that_is_no_database_is_refused(autopack):
    autopack.path.write_bytes(b"hello" * 1000)
    assert "no readable SQLite database" in refuse(autopack)


def test_a_half_written_file_is_refused(autopack):
    content = autopack.path.read_bytes()
    autopack.path.write_bytes(content[: len(content) // 3])
    assert str(autopack.path) in refuse(autopack)


def test_a_locked_file_is_refused(autopack, monkeypatch):
    monkeypatch.setattr("drain.sources.autopack.database.BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(autopack.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert "is locked by another process" in refuse(autopack)
    finally:
        holder.close()


def test_an_unknown_state_names_its_phase(autopack):
    autopack.set("research-orchestrator", state="EXPLODED")
    assert (
        "research-orchestrator of run research-system-v2 has the unknown state 'EXPLODED'"
        in refuse(autopack)
    )


def test_hostile_texts_come_in_harmless(autopack):
    autopack.set(
        "research-orchestrator",
        name="a\0b" + "x" * 500,
        last_failure_reason="\0" + "y" * 300_000,
        scope='{"n": NaN, "s": "\\u0000"}',
    )
    import_source(autopack.source(), NOON)
    hostile = phase("research-orchestrator")
    assert len(hostile.name) == 300
    assert len(hostile.last_failure_reason) <= 100_000
    assert hostile.params == {"n": None, "s": "\ufffd"}


def test_a_run_of_another_source_is_not_taken_over(autopack):
    import_source(autopack.source(), NOON)
    with pytest.raises(SourceError, match="already comes from auto"):
        import_source(autopack.source(name="other"), NOON)
