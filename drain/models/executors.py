"""Executor profiles: the commands that run phases. Only administrators define them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.policy.remote import Kind


class ExecutorProfile(models.Model):
    """A way to run phases: an argv list, never a shell, with its folder, environment and limits."""

    name = models.CharField(max_length=100, unique=True)
    # As a process of a worker's host, or as a job of a service: then at these addresses, with headers whose
    # values are variables of the worker (header -> name), never stored.
    kind = models.CharField(
        max_length=10,
        choices=[(kind.value, kind.value) for kind in Kind],
        default=Kind.LOCAL.value,
        db_default=Kind.LOCAL.value,
    )
    url = models.TextField(blank=True, default="", db_default="")
    poll_url = models.TextField(blank=True, default="", db_default="")
    cancel_url = models.TextField(blank=True, default="", db_default="")
    log_url = models.TextField(blank=True, default="", db_default="")
    headers_from = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    argv = models.JSONField(default=list, blank=True)
    cwd = models.TextField(blank=True)
    timeout_seconds = models.FloatField(null=True, blank=True)
    env = models.JSONField(default=dict, blank=True)
    # Names of the worker's own variables that are passed through without being stored.
    env_from = models.JSONField(default=list, blank=True)
    preflight = models.TextField(blank=True)
    # What its phases share: started before a drain, watched, ended after it; and where it says that it is
    # well.
    service = models.TextField(blank=True)
    service_url = models.TextField(blank=True)
    # Imported values that begin with "-" could turn into options of the command.
    allow_dash = models.BooleanField(default=False)
    # Who can name a phase can then run code as its user.
    allow_program_text = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Values may stand in program text: who can name a phase or give it parameters can then run code.",
    )
    os_user = models.CharField(max_length=100, blank=True)
    # Phases of this executor at the same time, over all hosts and sessions; null: no limit of its own.
    max_parallel = models.PositiveIntegerField(null=True, blank=True)
    # Starts of them within a minute, likewise.
    starts_per_minute = models.PositiveIntegerField(null=True, blank=True)
    # The share of failures that ends its ramp, which doubles up to max_parallel, and the step that it is at.
    ramp = models.FloatField(null=True, blank=True)
    ramp_size = models.PositiveIntegerField(default=1, db_default=1)
    ramp_ended = models.PositiveIntegerField(default=0, db_default=0)
    ramp_failed = models.PositiveIntegerField(default=0, db_default=0)
    # From the end of an attempt of a run to the start of its next, one at a time, over all sessions.
    run_delay_seconds = models.FloatField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "executor profile"
        permissions = [("define_executors", "Can define the commands that run phases")]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="drain_executor_one_default",
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__isnull=True) | Q(timeout_seconds__gt=0),
                name="drain_executor_timeout_positive",
            ),
            models.CheckConstraint(
                condition=Q(max_parallel__isnull=True) | Q(max_parallel__gte=1),
                name="drain_executor_parallel_positive",
            ),
            models.CheckConstraint(
                condition=Q(starts_per_minute__isnull=True) | Q(starts_per_minute__gte=1),
                name="drain_executor_pace_positive",
            ),
            models.CheckConstraint(
                condition=Q(ramp__isnull=True) | Q(ramp__gt=0, ramp__lte=1),
                name="drain_executor_ramp_share",
            ),
            models.CheckConstraint(
                condition=Q(run_delay_seconds__isnull=True) | Q(run_delay_seconds__gt=0),
                name="drain_executor_delay_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name
