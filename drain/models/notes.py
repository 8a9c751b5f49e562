"""Notes that people write on runs and fingerprints for one another."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.vocabulary import Origin


class Note(models.Model):
    """A person's note on a run or on a fingerprint; it stays until somebody removes it."""

    run = models.ForeignKey("Run", models.CASCADE, null=True, blank=True, related_name="notes")
    fingerprint = models.ForeignKey(
        "Fingerprint", models.CASCADE, null=True, blank=True, related_name="notes"
    )
    text = models.TextField()
    created_by = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        permissions = [("write_notes", "Can write notes")]
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None) ^ Q(fingerprint=None), name="drain_note_about_one"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
