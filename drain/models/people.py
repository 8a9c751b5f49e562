"""The belongings of persons: API tokens and keys of requests, saved views, and the audit of what they did."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from drain.models.vocabulary import Origin


class ApiToken(models.Model):
    """A script's key to the API; only its hash is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drain_api_tokens"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Requests in the current minute: one counter for all web processes.
    window_at = models.DateTimeField(null=True, blank=True, editable=False)
    window_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class RepeatKey(models.Model):
    """The key under which a person's script asked for a drain, so that asking again is not a second one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    """SHA-256 of what was asked for."""
    # Empty only within the transaction that plans the drain.
    session = models.ForeignKey("DrainSession", models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="drain_repeat_key_once"),
        ]

    def __str__(self) -> str:
        return self.key


class SavedView(models.Model):
    """A list page with its filters, under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drain_saved_views"
    )
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    query = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="drain_saved_view_once"),
        ]

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """One action with its actor, reason and door; append-only. Previews leave none."""

    at = models.DateTimeField(db_default=Now(), db_index=True)
    actor = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    address = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=40)
    subject_pk = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=300, blank=True)
    reason = models.TextField(blank=True)
    old = models.JSONField(default=dict, blank=True)
    new = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.label}"
