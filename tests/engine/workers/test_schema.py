"""A host whose code knows other tables than the database has claims nothing, and says so."""

from __future__ import annotations

import json
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from drain.engine import loop
from drain.engine.attempts.started import EndedAttempt
from drain.engine.errors import EngineError
from drain.engine.inline import require_capable
from drain.engine.loop import Loop, LoopEnd
from drain.engine.workers import schema
from drain.engine.workers.capability import lacking
from drain.engine.workers.hosts import register_host, strength
from drain.models import Candidate, DrainSession, SessionRun, WorkerHost
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.test_rounds import opened

pytestmark = pytest.mark.django_db


def migrated_by_a_newer_version() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('drain', '9999_new', now())"
        )


def test_nothing_is_claimed_once_the_database_has_the_tables_of_another_version() -> None:
    rounds, session = opened(2, max_attempts_per_phase=2)
    rounds.write(
        [EndedAttempt(each, result(Outcome.RETRYABLE, 0, "")) for each in rounds.begun], 0, ()
    )
    Candidate.objects.update(not_before="2020-01-01T00:00Z")
    SessionRun.objects.update(not_before="2020-01-01T00:00Z")
    with transaction.atomic():
        rounds.write([], 1, [session.pk])
        assert len(rounds.begun) == 1
    migrated_by_a_newer_version()
    rounds.write([], 1, [session.pk])
    assert rounds.begun == []


def test_a_loop_of_another_version_ends_in_peace() -> None:
    migrated_by_a_newer_version()
    assert Loop(1).run() is LoopEnd.OUTDATED


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_lives_through_a_migration_ends_in_peace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def migrated() -> bool:
        # Asked while the loop runs. The row of a migration would outlive this test, so the code's side moves.
        monkeypatch.setattr(schema, "code_schema", lambda: "9999_new")
        return False

    assert Loop(1, interrupted=migrated).run() is LoopEnd.INTERRUPTED


@pytest.mark.django_db(transaction=True)
def test_a_loop_reads_the_version_of_the_tables_once_a_second_however_often_it_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def current() -> bool:
        nonlocal asked
        asked += 1
        return True

    monkeypatch.setattr(loop, "is_current", current)
    began = time.monotonic()
    assert Loop(1).run() is LoopEnd.DONE
    # At the start, at the first tick, and once for each second since.
    assert 2 <= asked <= 2 + int(time.monotonic() - began)


def test_a_drain_in_its_own_process_is_refused_with_the_way_out() -> None:
    migrated_by_a_newer_version()
    with pytest.raises(EngineError, match="upgrade here"):
        require_capable(DrainSession())


def test_a_host_of_another_version_is_told_to_upgrade_and_counts_for_nothing() -> None:
    register_host(2, ["default"])
    assert (lacking({"default"}), strength().hosts) == (set(), 1)
    migrated_by_a_newer_version()
    assert (lacking({"default"}), strength().hosts) == ({"default"}, 0)
    out = StringIO()
    call_command("workers", "--json", stdout=out)
    assert "upgrade me" in json.dumps(json.loads(out.getvalue()))
    WorkerHost.objects.update(schema="9999_new")
    assert strength().hosts == 1
