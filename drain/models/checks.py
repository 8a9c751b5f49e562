"""Checks: what a session, a marker or a schedule must show, and what was found."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.fingerprints.fingerprint import Fingerprint, FixMarker
from drain.models.sessions import DrainSession
from drain.models.vocabulary import CheckKind, CheckVerdict


class Check(models.Model):
    """A claim that can be tested, e.g. "no ModuleNotFoundError: coverage_tracker"."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=CheckKind)
    pattern = models.TextField(blank=True)
    fingerprint = models.ForeignKey(Fingerprint, models.CASCADE, null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=12, blank=True)
    # What it is attached to. None of the two: every session, or with `every_minutes` the whole fleet.
    session = models.ForeignKey(
        DrainSession, models.CASCADE, null=True, blank=True, related_name="checks"
    )
    marker = models.ForeignKey(
        FixMarker, models.CASCADE, null=True, blank=True, related_name="checks"
    )
    # How often maintenance judges it; null: only at the end of drains. A check of a marker looks at
    # attempts since the fix, one of the fleet at those of the last `window_hours`.
    every_minutes = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    window_hours = models.PositiveIntegerField(default=24, validators=[MinValueValidator(1)])
    judged_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(session__isnull=True) | Q(marker__isnull=True),
                name="drain_check_one_target",
            ),
            models.CheckConstraint(
                condition=Q(session__isnull=True) | Q(every_minutes__isnull=True),
                name="drain_check_session_ends_once",
                violation_error_message=(
                    "A check of a session is judged at its end: leave its minutes empty."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CheckResult(models.Model):
    """The finding of a check: in a session, or without one when maintenance judged it.

    Maintenance only adds a row when what it found changed, so the rows are the check's history.
    """

    # Covered by the index below: the newest result of a check is what every page asks for.
    check_run = models.ForeignKey(Check, models.CASCADE, related_name="results", db_index=False)
    session = models.ForeignKey(
        DrainSession, models.CASCADE, null=True, blank=True, related_name="check_results"
    )
    verdict = models.CharField(max_length=16, choices=CheckVerdict)
    observed = models.JSONField(default=dict)
    sentence = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["check_run", "-id"], name="drain_result_newest")]

    def __str__(self) -> str:
        return f"{self.check_run}: {self.verdict}"
