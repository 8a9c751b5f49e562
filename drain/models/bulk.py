"""Bulk actions: an act on more rows than one request can take, with its rows frozen and one result for each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.vocabulary import BulkState, Origin


class BulkAction(models.Model):
    """An act that a worker does in steps; moved only by drain.models.transitions.bulk."""

    verb = models.CharField(max_length=40)
    label = models.CharField(max_length=200)
    # Names of the rows for people: "phases", "runs".
    things = models.CharField(max_length=60)
    given = models.JSONField(default=dict)
    reason = models.TextField()
    actor = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    address = models.CharField(max_length=64, blank=True)
    # The list it was asked from, with its filters.
    back = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    left_alone = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True)
    # Who does it right now; silent for a lease means dead.
    holder = models.UUIDField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    # Workers that took it since the last step that ended.
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "bulk action"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=BulkState.values), name="drain_bulkaction_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Bulk action {self.pk}"


class BulkItem(models.Model):
    """One row of a bulk action: `done` is null until its step ended, then its result never changes."""

    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="items", db_index=False)
    target = models.BigIntegerField()
    done = models.BooleanField(null=True)
    label = models.CharField(max_length=620, blank=True)
    said = models.TextField(blank=True)

    class Meta:
        verbose_name = "bulk item"
        constraints = [
            models.UniqueConstraint(fields=["action", "target"], name="drain_bulkitem_once"),
        ]
        indexes = [
            models.Index(
                fields=["action", "id"], condition=Q(done=None), name="drain_bulkitem_open"
            ),
            models.Index(
                fields=["action", "id"], condition=Q(done=False), name="drain_bulkitem_left"
            ),
        ]

    def __str__(self) -> str:
        return self.label or str(self.target)
