"""A state that an import brings while somebody else moves the same phase: what they did stands."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from drain.models import Phase, Transition
from drain.models.audit import Person
from drain.models.transitions.imports import sync
from drain.models.vocabulary import Origin
from drain.sources import staging
from drain.sources.files.importing import import_file
from tests.engine.attempts.meetings import held_up
from tests.factories import NOON, PhaseFactory

pytestmark = pytest.mark.django_db(transaction=True)
BY = Person("ann", Origin.COMMAND)


@transaction.atomic
def bring(state: str, names: Iterable[tuple[str, str]], changed_at: datetime | None = None) -> int:
    """The step of an import that moves phases to their source's state."""
    staging.create_tables()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO drain_stage_phase (n, run_id, phase_id, state, changed_at, reason, fingerprint, failure_category, fine) "
            "VALUES (1, %s, %s, %s, %s, '', '', '', '')",
            [(*name, state, changed_at) for name in names],
        )
    return sync(1, 1, actor="source:x", now=NOON)


@pytest.mark.parametrize(
    "changes",
    [{"state": "QUEUED"}, {"state": "EXECUTING", "lease_owner": UUID(int=1)}],
    ids=["requeued", "started"],
)
def test_a_phase_that_is_moved_while_an_import_waits_for_it_is_not_moved_again(
    changes: dict[str, Any],
) -> None:
    phase = PhaseFactory(state="FAILED")
    with held_up(lambda: bring("COMPLETE", [(phase.run.run_id, phase.phase_id)])) as told:
        Phase.objects.update(**changes)
    assert told() == 0
    phase.refresh_from_db()
    assert phase.state == changes["state"]
    assert not Transition.objects.filter(verb="synced").exists()
    Phase.objects.update(state="FAILED", lease_owner=None)
    assert bring("COMPLETE", [(phase.run.run_id, phase.phase_id)]) == 1


def test_a_state_is_as_old_as_its_source_says() -> None:
    phase = PhaseFactory(state="FAILED")
    earlier = NOON - timedelta(hours=1)
    bring("COMPLETE", [(phase.run.run_id, phase.phase_id)], earlier)
    phase.refresh_from_db()
    assert (phase.state, phase.state_changed_at) == ("COMPLETE", earlier)


def test_the_reason_of_a_phase_that_we_hold_stays_ours() -> None:
    line = b'{"run_id": "r", "phase_id": "p", "state": "FAILED", "reason": "what the source says"}'
    import_file(io.BytesIO(line), None, NOON, by=BY)
    held = {"state": "EXECUTING", "lease_owner": UUID(int=1), "last_failure_reason": "ours"}
    Phase.objects.update(**held)
    found = import_file(io.BytesIO(line), None, NOON + timedelta(hours=1), by=BY)
    assert (found.leased, found.synced) == (1, 0)
    assert Phase.objects.get().last_failure_reason == "ours"


def read(*reasons: str, **fields: Any) -> Phase:
    """Import the one phase of a file with these, one after the other; the last is what is found."""
    for hour, reason in enumerate(reasons, 1):
        line = json.dumps(
            {"run_id": "r", "phase_id": "p", "state": "FAILED", "reason": reason, **fields}
        )
        import_file(io.BytesIO(line.encode()), None, NOON + timedelta(hours=hour), by=BY)
    return Phase.objects.get()


def test_the_time_of_a_phase_that_we_hold_stays_what_it_was_when_we_took_it() -> None:
    read("x", state_changed_at="2026-03-01T00:00:00Z")
    held = {"state": "EXECUTING", "lease_owner": UUID(int=1)}
    Phase.objects.update(**held)
    later = "2026-03-01T06:00:00Z"
    before = Phase.objects.get().source_changed_at
    assert read("y", state_changed_at=later).source_changed_at == before
    Phase.objects.update(state="FAILED", lease_owner=None)
    assert read("y", state_changed_at=later).source_changed_at == datetime(
        2026, 3, 1, 6, tzinfo=UTC
    )
    assert read("z").source_changed_at == datetime(2026, 3, 1, 6, tzinfo=UTC), "no time is no news"


def test_what_an_import_changed_is_counted_once_and_what_it_did_not_is_not() -> None:
    read("x")
    moved = b'{"run_id": "r", "phase_id": "p", "state": "QUEUED", "name": "other"}'
    found = import_file(io.BytesIO(moved), None, NOON + timedelta(hours=5), by=BY)
    assert (found.updated, found.synced) == (1, 1)
    named = b'{"run_id": "r", "phase_id": "p", "state": "QUEUED", "name": "another"}'
    found = import_file(io.BytesIO(named), None, NOON + timedelta(hours=6), by=BY)
    assert (found.updated, found.synced) == (1, 0)
    found = import_file(io.BytesIO(named), None, NOON + timedelta(hours=7), by=BY)
    assert (found.updated, found.unchanged) == (0, 1)
