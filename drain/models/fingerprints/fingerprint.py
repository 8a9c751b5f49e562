"""Causes of failure, their lifecycle, and the fixes that were meant to end them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.fingerprints.splitting import VALUE_CHARS, SplitBy
from drain.models.vocabulary import FingerprintStatus


class Fingerprint(models.Model):
    """A cause: the key of like failures and what people decided about it."""

    key = models.CharField(max_length=48, unique=True)
    coarse = models.CharField(max_length=48, db_index=True)
    # Type and message alone; empty until the upgrade of an older row. Where the place is not known the cause
    # may be any other one with this headline.
    headline = models.CharField(max_length=48, blank=True, default="", db_default="")
    place_known = models.BooleanField(default=False, db_default=False)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    template = models.TextField(blank=True)
    category = models.CharField(max_length=40)
    status = models.CharField(
        max_length=14, choices=FingerprintStatus, default=FingerprintStatus.NEW, db_index=True
    )
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    # A merged fingerprint keeps its rows; every later failure of its key counts for the target.
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    # Snoozed until it failed this often more than when it was snoozed.
    snoozed_for_count = models.PositiveIntegerField(null=True, blank=True)
    snoozed_from_count = models.PositiveIntegerField(null=True, blank=True)
    sample = models.TextField(blank=True)
    # Whose own name for a cause it is, and that name; empty where the key is ours.
    executor = models.CharField(max_length=100, blank=True, default="", db_default="")
    parts = models.JSONField(default=list, db_default=[], blank=True)
    made_at = models.DateTimeField(db_default=Now())
    # When a failure was last filed here because its executor had reported too many new names of its own.
    limited_at = models.DateTimeField(null=True, blank=True)
    limited_executor = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        permissions = [("manage_fingerprints", "Can decide about fingerprints")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FingerprintStatus.values),
                name="drain_fingerprint_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["-last_seen", "-id"], name="drain_fingerprint_latest"),
            models.Index(fields=["headline"], name="drain_fingerprint_headline"),
            # Every new cause asks whether another one has its title.
            models.Index(fields=["title"], name="drain_fingerprint_title"),
            models.Index(
                fields=["executor", "made_at"],
                condition=~Q(executor=""),
                name="drain_fingerprint_reported",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class FingerprintAlias(models.Model):
    """A key of an older algorithm version, and the fingerprint that stands for it now."""

    key = models.CharField(max_length=48, unique=True)
    fingerprint = models.ForeignKey(Fingerprint, models.CASCADE, related_name="aliases")
    version = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "fingerprint aliases"

    def __str__(self) -> str:
        return self.key


class FingerprintSplit(models.Model):
    """A rule that files failures of a fingerprint under another one, which a person split off from it.

    The part is undone by merging it back: what is filed under it counts for the whole again.
    """

    fingerprint = models.ForeignKey(Fingerprint, models.CASCADE, related_name="splits")
    part = models.OneToOneField(Fingerprint, models.CASCADE, related_name="split_from")
    by = models.CharField(max_length=7, choices=[(each.value, each.value) for each in SplitBy])
    value = models.CharField(max_length=VALUE_CHARS)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    # Earlier failures are filed anew from the newest back: first phases, then attempts, below this key; ""
    # when done.
    rereading = models.CharField(max_length=8, blank=True, default="phase", db_default="phase")
    reread_below = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.by} {self.value}"


class FixMarker(models.Model):
    """The moment at which a fix went in, and the fingerprints it was meant to end."""

    title = models.CharField(max_length=300)
    applied_at = models.DateTimeField(db_index=True)
    commit = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)
    fingerprints = models.ManyToManyField(Fingerprint, blank=True, related_name="markers")
    # What it is about besides its causes; neither: everything.
    source = models.ForeignKey("Source", models.SET_NULL, null=True, blank=True)
    run_ids = models.JSONField(default=list, db_default=[], blank=True)
    # It works only where less than `majority` and at most `gain` of the phases still fail so.
    majority = models.FloatField(default=0.5, db_default=0.5)
    gain = models.FloatField(default=0.2, db_default=0.2)
    # What maintenance found last: for lists, and whole with its time for the pages of a large site.
    verdict = models.JSONField(default=dict, db_default={}, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"FM-{self.pk} {self.title}"
