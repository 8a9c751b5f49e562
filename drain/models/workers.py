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
    # The newest migration that its code knows; empty for a host that does not say so.
    schema = models.CharField(max_length=255, blank=True, default="", db_default="")
    workers = models.PositiveIntegerField()
    # Names of executor profiles whose command and folder exist on this host.
    profiles = models.JSONField(default=list)
    # Tells whether two hosts sign with the same SECRET_KEY, and nothing of the key.
    key_check = models.CharField(max_length=32, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())
    # Answer to the last end-to-end probe: a task that went through the queue and a worker.
    last_answer = models.DateTimeField(null=True, blank=True)
    # Since when a probe that names this host waits for one of its workers.
    asked_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    # Phases that may run here at the same time, in all its workers and for all sessions.
    slots = models.PositiveIntegerField(default=0)
    # When its idle workers were last sent wake-ups, so that maintenance does not send heaps of them.
    woken_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class WorkerLoop(models.Model):
    """A worker process that drains: its lease covers every attempt that names it.

    While it lives it renews `expires_at`; rescue takes the row away first, and a loop whose row is gone ends
    its children.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    worker = models.CharField(max_length=200)
    host = models.ForeignKey(
        WorkerHost, models.CASCADE, null=True, blank=True, related_name="loops"
    )
    # Only this session: a command that drains in its own process.
    session = models.ForeignKey(
        "DrainSession", models.CASCADE, null=True, blank=True, related_name="loops"
    )
    slots = models.PositiveIntegerField()
    # Until when it is believed to be alive, by the database's clock.
    expires_at = models.DateTimeField()
    started_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.worker
