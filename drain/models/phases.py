"""Phases and what they wait for. States change only through drain.models.transitions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Collate, Now

from drain.models.runs import Run
from drain.models.vocabulary import WORKING_STATES, PhaseState
from drain.policy.selection.place import TIER_SIZE


class Phase(models.Model):
    """One step of a run."""

    # Covered by three indexes that begin with it.
    run = models.ForeignKey(Run, models.CASCADE, related_name="phases", db_index=False)
    phase_id = models.CharField(max_length=300)
    # Phases run in the order of both; a source without tiers has one.
    tier_index = models.IntegerField(default=0, db_default=0)
    phase_index = models.IntegerField()
    # Both as one number, for every comparison: see drain.policy.selection.place.
    place = models.GeneratedField(
        expression=Cast("tier_index", models.BigIntegerField()) * TIER_SIZE + F("phase_index"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    name = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=12, choices=PhaseState, default=PhaseState.QUEUED)
    state_changed_at = models.DateTimeField(db_default=Now())
    category = models.CharField(max_length=100, blank=True)
    complexity = models.CharField(max_length=40, blank=True)
    params = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # The source's own count: shown, never used for a limit.
    source_attempts = models.PositiveIntegerField(default=0)
    # When the source last wrote the phase, as far as we know: what it wrote later is never written over.
    source_changed_at = models.DateTimeField(null=True, blank=True)
    last_failure_reason = models.TextField(blank=True)
    last_fingerprint = models.CharField(max_length=48, blank=True)
    failure_category = models.CharField(max_length=40, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("clear_queued", "Can clear queued phases"),
            ("requeue_phase", "Can requeue failed phases"),
            ("discard_phase", "Can discard failed phases"),
            ("drain_phases", "Can drain phases"),
            ("rescue_phases", "Can rescue phases of dead workers"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "phase_id"], name="drain_phase_unique_in_run"),
            models.CheckConstraint(
                condition=Q(state__in=PhaseState.values), name="drain_phase_state_known"
            ),
            models.CheckConstraint(
                condition=Q(lease_owner__isnull=True) | Q(state__in=WORKING_STATES),
                name="drain_phase_lease_only_while_working",
            ),
        ]
        indexes = [
            models.Index(fields=["run", "state"], name="drain_phase_run_state"),
            models.Index(fields=["run", "place"], name="drain_phase_run_place"),
            models.Index(
                F("state_changed_at").desc(),
                F("id").desc(),
                condition=Q(state=PhaseState.FAILED),
                name="drain_phase_failed_newest",
            ),
            models.Index(
                fields=["last_fingerprint", "run"],
                include=["id"],
                condition=Q(state=PhaseState.FAILED),
                name="drain_phase_failed_cause",
            ),
            models.Index(
                fields=["state_changed_at", "id"],
                # Counting what is queued, stale by its source or before what waits behind it,
                # reads nothing but this.
                include=["run", "place"],
                condition=Q(state=PhaseState.QUEUED),
                name="drain_phase_queued_since",
            ),
            # The ledger of the overview: what waits for a phase that works is found from there.
            models.Index(
                fields=["id"], condition=Q(state__in=WORKING_STATES), name="drain_phase_working"
            ),
            # The search asks by the beginning of an id; only this order serves LIKE 'x%'.
            models.Index(Collate(F("phase_id"), "C"), F("id"), name="drain_phase_id_beginning"),
        ]

    def __str__(self) -> str:
        return self.phase_id


class Dependency(models.Model):
    """`phase` may only run once `prerequisite` is COMPLETE or SKIPPED."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="dependencies")
    prerequisite = models.ForeignKey(Phase, models.CASCADE, related_name="dependents")

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["phase", "prerequisite"], name="drain_dependency_once"),
            models.CheckConstraint(
                condition=~Q(phase=F("prerequisite")), name="drain_dependency_not_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase_id} waits for {self.prerequisite_id}"
