"""Runs, where they come from, and holds that set them aside."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.vocabulary import HoldKind, Order, Origin, SourceKind


class Source(models.Model):
    """An origin of runs: an Autopack database, imported files or a query of a table."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=SourceKind)
    # May be env:NAME. Shown only through drain.sources' mask: it can hold a password.
    url = models.TextField(blank=True)
    workspace = models.TextField(blank=True)
    settle_seconds = models.FloatField(default=10)
    stale_after = models.DurationField(null=True, blank=True)
    identity = models.JSONField(default=dict, blank=True)
    watermark = models.JSONField(default=dict, blank=True)
    # How its files are read, where they are to be read without saying it (drain.sources.files.kept); of an
    # SQL source its query and its update too (drain.sources.sql.settings).
    reading = models.JSONField(default=dict, db_default={}, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    # When the site reads it by itself (five fields; empty: never), of Airflow only these DAGs; and after how
    # many failed readings in a row it is left alone (null: never).
    cron = models.CharField(max_length=100, blank=True, default="", db_default="")
    timezone = models.CharField(max_length=64, default="UTC", db_default="UTC")
    dags = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    pause_after = models.PositiveIntegerField(null=True, blank=True, default=3, db_default=3)
    next_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    # The last good reading and what it found; how many have failed since, and why the last of them did.
    read_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    failures = models.PositiveIntegerField(default=0, db_default=0)
    said = models.TextField(blank=True, default="", db_default="")
    said_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class SourceDebt(models.Model):
    """A write or a question about a phase that its source still has to get: gone once both databases agree.

    It is committed before the source is written, so that whoever dies in between leaves it behind.
    """

    phase = models.OneToOneField("Phase", models.CASCADE, related_name="+")
    verb = models.CharField(max_length=40)
    # Both empty after a lost attempt: the source is asked, not told.
    expect = models.CharField(max_length=20, blank=True)
    to = models.CharField(max_length=20, blank=True)
    reason = models.TextField()
    # The source's `updated_at` beside which an attempt of ours queued the phase there; empty if none did.
    queued_at = models.TextField(blank=True, default="", db_default="")
    actor = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    address = models.CharField(max_length=64, blank=True)
    owner = models.UUIDField()
    """The process at work on it; its row lock, not this, tells whether that still lives."""
    due_at = models.DateTimeField(db_default=Now(), db_index=True)
    made_at = models.DateTimeField(db_default=Now())
    # Why the source could not be asked the last time, for people; empty before the first time.
    error = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.verb} {self.phase_id}"


class Run(models.Model):
    """An ordered set of phases that belong to one piece of work."""

    run_id = models.CharField(max_length=300, unique=True)
    name = models.CharField(max_length=300, blank=True)
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="runs")
    labels = models.JSONField(default=list, blank=True)
    executor = models.ForeignKey(
        "ExecutorProfile", models.PROTECT, null=True, blank=True, related_name="runs"
    )
    order = models.CharField(max_length=12, choices=Order, default=Order.SEQUENTIAL)
    max_parallel = models.PositiveIntegerField(default=1)
    # Slots in use across all sessions; taken by a guarded UPDATE at start, given back at the end.
    open_attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    imported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("hold_run", "Can hold and release runs")]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_parallel__gte=1), name="drain_run_max_parallel_positive"
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="drain_run_newest")]

    def __str__(self) -> str:
        return self.run_id


class Hold(models.Model):
    """A run or a prefix set aside: why, by whom, until when. Ends by time or by release."""

    kind = models.CharField(max_length=8, choices=HoldKind)
    value = models.CharField(max_length=300)
    reason = models.TextField()
    until = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    created_at = models.DateTimeField(db_default=Now())
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "value"],
                condition=Q(released_at__isnull=True),
                name="drain_hold_unreleased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value}*" if self.kind == HoldKind.PREFIX else self.value
