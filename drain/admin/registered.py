"""Every aggregate's admin; importing it registers them."""

from __future__ import annotations

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from . import (
    attempts,
    autopilot,
    bulk,
    checks,
    executors,
    fingerprints,
    history,
    people,
    phases,
    rollups,
    runs,
    sessions,
    tokens,
)

__all__ = [
    "attempts",
    "autopilot",
    "bulk",
    "checks",
    "executors",
    "fingerprints",
    "history",
    "people",
    "phases",
    "rollups",
    "runs",
    "sessions",
    "tokens",
]

# A schedule names any Python function to call, and a task holds pickles: neither belongs into a form.
# With Redis as the broker django-q2 itself registers no queue.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
