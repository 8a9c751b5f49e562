"""Hosts that drain: who is alive, since when, and what they can run."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class WorkerHost(models.Model):
    """One `manage.py up` with the worker role; alive while it says so."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=40)
    workers = models.PositiveIntegerField()
    # Names of executor profiles whose command and folder exist on this host.
    profiles = models.JSONField(default=list)
    # Tells whether two hosts sign with the same SECRET_KEY, and nothing of the key.
    key_check = models.CharField(max_length=32, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())
    # Answer to the last end-to-end probe: a task that went through the queue and a worker.
    last_answer = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
