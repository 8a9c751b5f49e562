"""The append-only history of state changes."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now


class Transition(models.Model):
    """One state change of a phase, a session or a fingerprint.

    Plain ids instead of foreign keys: history outlives what it speaks of, and PostgreSQL refuses to
    update, delete or truncate it for anybody but prune (migration 0002).
    """

    subject = models.CharField(max_length=12)
    subject_pk = models.BigIntegerField()
    run_pk = models.BigIntegerField(null=True, blank=True)
    session_pk = models.BigIntegerField(null=True, blank=True)
    attempt_pk = models.BigIntegerField(null=True, blank=True)
    from_state = models.CharField(max_length=14, blank=True)
    to_state = models.CharField(max_length=14)
    verb = models.CharField(max_length=40)
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["subject", "subject_pk", "id"], name="drain_transition_subject"),
            models.Index(
                fields=["run_pk", "-id"],
                condition=models.Q(run_pk__isnull=False),
                name="drain_transition_run",
            ),
            # Rows come in the order of time, so a few pages say where an hour lies.
            BrinIndex(fields=["at"], name="drain_transition_at_brin", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_pk}: {self.from_state} → {self.to_state}"
