"""Attempts that have ended, as the figures of the overview count them."""

from __future__ import annotations

from datetime import timedelta

from drain.models.rollups import AttemptDelta
from tests.factories import (
    AttemptFactory,
    PhaseFactory,
)


def ended(run, outcome, at, key="", events=1):
    AttemptFactory(
        phase=PhaseFactory(run=run),
        outcome=outcome,
        fingerprint=key,
        started_at=at - timedelta(minutes=1),
        telemetry_count=events,
    )
    AttemptDelta.objects.create(
        finished_at=at, run_pk=run.pk, category="c", outcome=outcome, fingerprint=key,
        seconds=60, telemetry_events=events,
    )  # fmt: skip
