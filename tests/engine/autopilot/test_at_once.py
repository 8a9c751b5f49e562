"""Two hosts whose maintenance comes to one autopilot at the same moment: one acts, and nobody waits or fails."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from drain.engine.autopilot.recurring import pause_useless, start_due
from drain.engine.autopilot.rules import pause_autopilot
from drain.models import AuditEvent, Autopilot, DrainSession
from tests.engine.attempts.meetings import elsewhere, held_up
from tests.engine.autopilot.conftest import ANN, HOUR
from tests.engine.autopilot.schedules import add, end, failed
from tests.factories import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_drain_that_another_host_is_starting_is_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed()
    add()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        (pk,) = start_due(NOON + HOUR)
        assert elsewhere(lambda: start_due(NOON + HOUR)) == []
    assert caplog.messages == []
    assert start_due(NOON + HOUR) == []
    assert DrainSession.objects.get().pk == pk


def test_an_autopilot_that_is_paused_at_this_moment_starts_nothing() -> None:
    failed()
    add()
    with transaction.atomic():
        pause_autopilot("nightly", ANN, NOON + HOUR, "Wait.")
        assert elsewhere(lambda: start_due(NOON + HOUR)) == []
    assert start_due(NOON + HOUR) == []
    assert not DrainSession.objects.exists()


def test_a_useless_autopilot_is_paused_once() -> None:
    failed()
    add(pause_after=1)
    (pk,) = start_due(NOON + HOUR)
    end(pk, at=NOON + HOUR)
    with held_up(lambda: pause_useless(NOON + 2 * HOUR)) as there:
        assert pause_useless(NOON + 2 * HOUR) == ["nightly"]
    assert there() == []
    assert Autopilot.objects.get().paused_at == NOON + 2 * HOUR
    assert AuditEvent.objects.filter(verb="autopilot.pause").count() == 1
