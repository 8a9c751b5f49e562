"""All that ended in a stretch of time is counted to the minute,
whatever of it is in the totals of its hours already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from drain.evidence.comparison.totals import Totals, totals_of_period
from drain.evidence.rollups.fold import fold
from drain.models import Attempt, AttemptDelta, HourlyTotal, Run
from tests.factories import NOON, AttemptFactory, PhaseFactory

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OUTCOMES = ("complete", "failed", "timeout", "lost", "retryable", "cancelled")


def ended(at: datetime, outcome: str, events: int) -> None:
    """An attempt that took two minutes, with the delta that its end writes."""
    phase = PhaseFactory(category="build")
    AttemptFactory(
        phase=phase, outcome=outcome, started_at=at - 2 * MINUTE, finished_at=at, telemetry_count=events,
    )  # fmt: skip
    AttemptDelta.objects.create(
        finished_at=at, run_pk=phase.run_id, category="build", outcome=outcome, seconds=120,
        telemetry_events=events,
    )  # fmt: skip


def counted(since: datetime, until: datetime) -> Totals:
    """The same, one attempt after the other."""
    found = list(Attempt.objects.filter(finished_at__gte=since, finished_at__lt=until))
    rated = [each for each in found if each.outcome in ("complete", "failed", "timeout", "lost")]
    weighed = [each for each in found if each.outcome != "cancelled"]
    return Totals(
        complete=sum(each.outcome == "complete" for each in rated),
        rated=len(rated),
        attempts=len(weighed),
        seconds=120.0 * len(weighed),
        events=sum(each.telemetry_count for each in weighed),
        silent=sum(not each.telemetry_count for each in weighed),
    )


@pytest.mark.parametrize("folded", [False, True, "half"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, NOON + 3 * HOUR),
        (NOON + 20 * MINUTE, NOON + 3 * HOUR),
        (NOON + 20 * MINUTE, NOON + 2 * HOUR + 40 * MINUTE),
        (NOON + 20 * MINUTE, NOON + 40 * MINUTE),
        (NOON + 40 * MINUTE, NOON + HOUR + 20 * MINUTE),
        (NOON + 40 * MINUTE, NOON + 40 * MINUTE),
        (NOON - 9 * HOUR, NOON - 8 * HOUR),
    ],
)
def test_a_period_counts_what_ended_in_it_and_nothing_else(since, until, folded):
    for number in range(36):
        ended(NOON + number * 5 * MINUTE, OUTCOMES[number % 6], number % 4)
        if folded == "half" and number == 17:
            fold()
    if folded is True:
        fold()
    found = totals_of_period(since, until)
    assert found == counted(since, until)
    assert found.attempts or since == until or since < NOON


def test_what_a_run_that_was_deleted_did_is_no_part_of_it():
    ended(NOON, "complete", 1)
    Attempt.objects.all().delete()
    Run.objects.all().delete()
    assert AttemptDelta.objects.exists()
    assert totals_of_period(NOON - HOUR, NOON + HOUR) == Totals()


def test_whole_hours_are_not_read_attempt_by_attempt():
    """A total that no attempt stands for tells which of the two was read."""
    HourlyTotal.objects.create(
        hour=NOON, category="build", outcome="complete", attempts=7, seconds=70, telemetry_events=7,
        zero_yield=0,
    )  # fmt: skip
    assert totals_of_period(NOON - MINUTE, NOON + HOUR).complete == 7
    assert totals_of_period(NOON + MINUTE, NOON + HOUR).complete == 0
