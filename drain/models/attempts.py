"""Attempts: one execution of a phase, with what it printed and what it told us."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from drain.models.phases import Phase
from drain.models.runs import Run
from drain.models.vocabulary import FAILURE_OUTCOMES, Outcome
from drain.policy.remote import Remote, job_id


class Attempt(models.Model):
    """One execution of a phase; open until it has an outcome, ended exactly once."""

    # Covered by the unique (phase, number): an index of its own would be written twice an attempt.
    phase = models.ForeignKey(Phase, models.CASCADE, related_name="attempt_set", db_index=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="attempt_set", db_index=False)
    session = models.ForeignKey(
        "DrainSession",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="attempt_set",
        db_index=False,
    )
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome, null=True, blank=True)  # noqa: DJ001 - null is "still open", which the index of open attempts needs
    exit_code = models.IntegerField(null=True, blank=True)
    signal = models.IntegerField(null=True, blank=True)
    # Head and tail of what failed it, bounded by the engine.
    error = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=48, blank=True)
    fine = models.CharField(max_length=48, blank=True)
    failure_category = models.CharField(max_length=40, blank=True)
    telemetry_count = models.PositiveIntegerField(default=0)
    zero_yield_reason = models.CharField(max_length=40, blank=True)
    reached_limit_boundary = models.BooleanField(default=False)
    bad_report_lines = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    # The loop whose lease covers it: a WorkerLoop, while it runs.
    loop = models.UUIDField(null=True, blank=True)
    # Of one that runs as a job of a service: how another loop finds it again, and whether the service has it.
    # The id of the job is made of the lease.
    remote = models.JSONField(null=True, blank=True)
    # Its place among the attempts of its session in the order in which they ended, from 1.
    finish_number = models.PositiveIntegerField(null=True, blank=True)
    # While it runs: what the phase reports of itself, and the last lines it printed.
    reported_state = models.CharField(max_length=12, blank=True)
    progress_percent = models.FloatField(null=True, blank=True)
    progress_message = models.CharField(max_length=300, blank=True)
    tail = models.TextField(blank=True)
    command = models.JSONField(default=list, blank=True)
    timeout_seconds = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    # Small logs live here (zlib), larger ones behind the storage alias attempt_logs. Empty, not null:
    # there was one, and prune deleted it.
    log_bytes = models.BigIntegerField(default=0)
    log_inline = models.BinaryField(null=True, blank=True)
    log_name = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phase", "number"], name="drain_attempt_number"),
            models.UniqueConstraint(
                fields=["phase"],
                condition=Q(finished_at__isnull=True),
                name="drain_attempt_one_open",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome__isnull=True)
                | Q(finished_at__isnull=False, outcome__in=Outcome.values),
                name="drain_attempt_finished_has_outcome",
            ),
        ]
        indexes = [
            BrinIndex(fields=["finished_at"], name="drain_attempt_finished_brin"),
            # Comparisons go by when an attempt started; rows lie in that order.
            BrinIndex(fields=["started_at"], name="drain_attempt_started_brin", autosummarize=True),
            models.Index(fields=["run", "-started_at"], name="drain_attempt_run"),
            models.Index(fields=["session", "-id"], name="drain_attempt_session"),
            models.Index(
                fields=["loop"],
                condition=Q(finished_at__isnull=True, remote__isnull=False),
                name="drain_attempt_remote",
            ),
            models.Index(
                F("fingerprint"),
                F("finished_at").desc(),
                condition=Q(outcome__in=FAILURE_OUTCOMES),
                # A cause may have failed a hundred thousand times:
                # who counts or names its phases reads no row.
                include=("phase", "number", "run", "session", "started_at"),
                name="drain_attempt_failures",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def job(self) -> str:
        """The job that it is at a service, and where; "" for a process of a host."""
        if self.remote is None or self.lease is None:
            return ""
        return f"{job_id(self.lease)} at {Remote.from_json(self.remote).place}"

    @property
    def by_source(self) -> bool:
        """True if its source ran it, and kept its log."""
        return self.worker.startswith("source:")


class TelemetryEvent(models.Model):
    """One event that a phase told us, by DRAIN_REPORT or in its source's tables."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="telemetry")
    attempt = models.ForeignKey(
        Attempt, models.SET_NULL, null=True, blank=True, related_name="telemetry"
    )
    kind = models.CharField(max_length=100)
    at = models.DateTimeField(db_default=Now())
    category = models.CharField(max_length=100, blank=True)
    model = models.CharField(max_length=100, blank=True)
    predicted_tokens = models.BigIntegerField(null=True, blank=True)
    actual_tokens = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    # The row's id in its source: what makes importing it twice do nothing.
    source_event = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [BrinIndex(fields=["at"], name="drain_telemetry_at_brin")]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "source_event"],
                condition=~Q(source_event=""),
                name="drain_telemetry_source_once",
            ),
        ]

    def __str__(self) -> str:
        return self.kind
