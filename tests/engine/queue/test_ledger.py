"""Every failed phase of the backlog is in exactly one part of the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.engine.queue.ledger import read_ledger
from drain.models import (
    Dependency,
    Hold,
    SessionRun,
)
from tests.factories import (
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


def test_every_failed_phase_is_in_one_part_and_the_parts_sum_up():
    now = timezone.now()
    run, held, pack = (
        RunFactory(),
        RunFactory(run_id="held-1"),
        RunFactory(source=SourceFactory(kind="autopack")),
    )
    Hold.objects.create(kind="prefix", value="held-", reason="r", created_by="p", origin="browser")
    snoozed = FingerprintFactory(status="snoozed")
    PhaseFactory(run=held, last_fingerprint=snoozed.key)
    PhaseFactory(run=run, last_fingerprint=snoozed.key)
    queued = PhaseFactory(run=run, state="QUEUED")
    direct, through = PhaseFactory(run=run), PhaseFactory(run=run)
    Dependency.objects.create(phase=direct, prerequisite=queued)
    Dependency.objects.create(phase=through, prerequisite=direct)
    PhaseFactory(run=pack, state="QUEUED", phase_index=5)
    PhaseFactory(run=pack, phase_index=9)
    PhaseFactory(run=pack, phase_index=1)
    session = SessionFactory(started_at=now - timedelta(hours=1), ended_at=now)
    SessionRun.objects.create(session=session, run=run, complete=4)
    CandidateFactory(session=session, phase=PhaseFactory(run=run), outcome="failed")
    ledger = read_ledger(now)
    assert (ledger.held, ledger.snoozed, ledger.waiting) == (1, 1, 3)
    assert (ledger.drained, ledger.again, ledger.untouched) == (5, 1, 1)
    assert ledger.total == 5 + 1 + 1 + 3 + 1


def test_a_hold_that_has_ended_holds_nothing():
    now = timezone.now()
    run = RunFactory()
    PhaseFactory(run=run)
    Hold.objects.create(
        kind="run",
        value=run.run_id,
        reason="r",
        created_by="p",
        origin="browser",
        until=now - timedelta(hours=1),
    )
    assert read_ledger(now).untouched == 1
