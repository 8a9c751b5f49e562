"""Totals that pages read: state counts per run, hourly outcomes, daily failures per fingerprint.

Writers only ever insert a delta row, in the transaction of the change itself: two workers never wait
for each other's counter, and a crash leaves nothing half counted. A fold adds deltas up from time to
time; readers sum the totals and the deltas not yet folded, so they are exact at any moment.
"""

from __future__ import annotations

from django.db import models

from drain.models.runs import Run


class StateCount(models.Model):
    """The number of phases of a run in a state, as of the last fold."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="state_counts", db_index=False)
    state = models.CharField(max_length=12)
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "state"], name="drain_state_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.state} {self.count}"


class StateTotal(models.Model):
    """The number of phases in a state over all runs, as of the last fold, for pages about everything.

    A trigger on the counts keeps it (migration 0016), whoever writes or deletes them.
    """

    state = models.CharField(max_length=12, primary_key=True)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.state} {self.count}"


class StateDelta(models.Model):
    """A change of StateCount not yet folded; written by a trigger on phases, so none is forgotten."""

    run_pk = models.BigIntegerField()
    state = models.CharField(max_length=12)
    delta = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.run_pk} {self.state} {self.delta:+d}"


class HourlyRollup(models.Model):
    """Ended attempts of a run in an hour (UTC) by task category and outcome."""

    hour = models.DateTimeField()
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", db_index=False)
    category = models.CharField(max_length=100)
    outcome = models.CharField(max_length=12)
    attempts = models.IntegerField(default=0)
    seconds = models.FloatField(default=0)
    telemetry_events = models.IntegerField(default=0)
    zero_yield = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "run", "category", "outcome"], name="drain_hourly_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%F %H} {self.outcome} {self.attempts}"


class HourlyTotal(models.Model):
    """The hourly rollups added up over all runs: what pages about everything read.

    A trigger on the rollups keeps it (migration 0010), whoever writes or deletes them.
    """

    hour = models.DateTimeField()
    category = models.CharField(max_length=100)
    outcome = models.CharField(max_length=12)
    attempts = models.IntegerField(default=0)
    seconds = models.FloatField(default=0)
    telemetry_events = models.IntegerField(default=0)
    zero_yield = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "category", "outcome"], name="drain_hourlytotal_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%F %H} {self.outcome} {self.attempts}"


class DailyFingerprint(models.Model):
    """Failed attempts of a fingerprint on a day (UTC), under the key they were written with."""

    day = models.DateField()
    key = models.CharField(max_length=48)
    outcome = models.CharField(max_length=12)
    attempts = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "key", "outcome"], name="drain_daily_once"),
        ]
        indexes = [models.Index(fields=["key", "-day"], name="drain_daily_key")]

    def __str__(self) -> str:
        return f"{self.day} {self.key} {self.attempts}"


class StateSnapshot(models.Model):
    """The number of phases in each state at the beginning of an hour (UTC), over all runs."""

    hour = models.DateTimeField(primary_key=True)
    counts = models.JSONField()

    def __str__(self) -> str:
        return f"{self.hour:%F %H}"


class AttemptDelta(models.Model):
    """An ended attempt not yet folded into the two rollups; written in the finish itself.

    One whose outcome is replaced is taken back by a row of its own, whose amounts are negative.
    """

    finished_at = models.DateTimeField()
    run_pk = models.BigIntegerField()
    # 1; -1 takes one back.
    attempts = models.SmallIntegerField(default=1, db_default=1)
    category = models.CharField(max_length=100)
    outcome = models.CharField(max_length=12)
    fingerprint = models.CharField(max_length=48, blank=True)
    seconds = models.FloatField()
    telemetry_events = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.finished_at:%F %T} {self.outcome}"
