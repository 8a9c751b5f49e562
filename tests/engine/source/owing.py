"""Debts to an idle source, as a test wants them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from drain.engine.source.outbox import promise, settle_debts
from drain.models import Phase, SourceDebt
from drain.models.audit import Person
from drain.models.transitions.phases import MoveReason
from drain.models.vocabulary import Origin, PhaseState

ADA = Person("ada", Origin.COMMAND)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def phase(name: str = "p") -> Phase:
    return Phase.objects.get(phase_id=name)


def at(minutes: float) -> str:
    """As Autopack writes a time, so many minutes from NOW."""
    return (NOW + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat(" ", "microseconds")


def promised(name: str = "q", to: PhaseState = PhaseState.COMPLETE) -> Any:
    why = MoveReason("clear_queued", "ada", "by hand")
    return promise([phase(name).pk], why, PhaseState.QUEUED, to, ADA)


def lease(name: str) -> None:
    Phase.objects.filter(phase_id=name).update(state="EXECUTING", lease_owner=uuid4())


def unlocked(name: str) -> list[Phase]:
    """The phase, locked from now on; nothing if somebody else has it."""
    with transaction.atomic():
        found = Phase.objects.filter(phase_id=name).select_for_update(no_key=True, skip_locked=True)
        return list(found)


def settle(asked: bool = False) -> int:
    SourceDebt.objects.update(due_at=timezone.now())
    return settle_debts([phase("p").pk, phase("q").pk] if asked else None)
