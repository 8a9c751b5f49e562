"""Autopilots, which start drains by themselves, and drains on fix, which go as far as the evidence holds."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.fingerprints.fingerprint import FixMarker
from drain.models.vocabulary import AutopilotTrigger, RolloutState


class Autopilot(models.Model):
    """A rule by which drains start: at the times of a schedule, or after a fix."""

    name = models.CharField(max_length=60, unique=True)
    trigger = models.CharField(max_length=10, choices=AutopilotTrigger)
    cron = models.CharField(max_length=100, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    # Hours in which nothing is started, like 22:00-07:00.
    quiet = models.CharField(max_length=11, blank=True)
    # A PhaseFilter, and the limits of each drain.
    filter = models.JSONField(default=dict, blank=True)
    limits = models.JSONField(default=dict, blank=True)
    sample = models.PositiveIntegerField(default=24)
    # What its drains of one day may use; null is no limit.
    budget_attempts = models.PositiveIntegerField(null=True, blank=True)
    budget_minutes = models.FloatField(null=True, blank=True)
    budget_events = models.PositiveIntegerField(null=True, blank=True)
    budget_used_at = models.DateTimeField(null=True, blank=True)
    # Drains in a row that completed nothing, after which it pauses itself; null: never.
    pause_after = models.PositiveIntegerField(null=True, blank=True, default=3)
    next_at = models.DateTimeField(null=True, blank=True)
    # Since when it is on: what was before counts towards nothing.
    armed_at = models.DateTimeField()
    # Up to when it has looked for new fixes.
    heard_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=200, blank=True)
    paused_reason = models.TextField(blank=True)
    # Why nothing was started the last time; empty after a start.
    said = models.TextField(blank=True)
    said_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(trigger=AutopilotTrigger.SCHEDULE) & ~Q(cron="")
                | Q(trigger=AutopilotTrigger.FIX, cron="", next_at__isnull=True),
                name="drain_autopilot_trigger",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """Its name as an actor in the audit and in its drains."""
        return f"autopilot {self.name}"


class Rollout(models.Model):
    """A drain on fix: a sample of what a fix is about, then ramps while the verdict holds; one for a fix."""

    marker = models.OneToOneField(FixMarker, models.CASCADE, related_name="rollout")
    # The rule that asked for it; its filter and limits as they were then.
    autopilot = models.ForeignKey(
        Autopilot, models.SET_NULL, null=True, blank=True, related_name="rollouts"
    )
    filter = models.JSONField(default=dict, blank=True)
    limits = models.JSONField(default=dict, blank=True)
    sample = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RolloutState, default=RolloutState.WAITING)
    # Drains begun, those of them that were ramps, and the phases tried since the fix when the latest began.
    steps = models.PositiveIntegerField(default=0)
    ramps = models.PositiveIntegerField(default=0)
    tried = models.PositiveIntegerField(default=0)
    # Why it waits, or the stop card; and the verdict that it was decided on.
    said = models.TextField(blank=True)
    card = models.JSONField(default=dict, blank=True)
    started_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "drain on fix"
        verbose_name_plural = "drains on fix"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RolloutState.values), name="drain_rollout_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[RolloutState.WAITING, RolloutState.DRAINING], ended_at__isnull=True
                )
                | Q(
                    state__in=[RolloutState.FINISHED, RolloutState.STOPPED],
                    ended_at__isnull=False,
                ),
                name="drain_rollout_ended_at_end",
            ),
        ]

    def __str__(self) -> str:
        return f"Drain on fix FM-{self.marker_id}"
