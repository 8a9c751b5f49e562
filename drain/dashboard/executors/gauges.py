"""The pace of an executor as gauges: what runs and starts of it over all drains, beside its limits."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from drain.dashboard.drains.gauges import GaugeView
from drain.dashboard.ui.formats import number, percent
from drain.models import Attempt, ExecutorProfile
from drain.policy.pace import MINUTE


def executor_gauges(name: str) -> list[GaugeView]:
    """One gauge for each limit that counts over all drains; none of an executor without any."""
    profile = ExecutorProfile.objects.filter(name=name[:100]).first()
    if profile is None:
        return []
    runs = Q(run__executor=profile)
    attempts = Attempt.objects.filter(runs | Q(run__executor=None) if profile.is_default else runs)
    found = []
    if profile.max_parallel is not None:
        opened = attempts.filter(finished_at=None).count()
        found.append(_gauge("At once", opened, profile.max_parallel, "phases that run"))
    if profile.starts_per_minute is not None:
        starts = attempts.filter(started_at__gt=Now() - timedelta(seconds=MINUTE)).count()
        most = profile.starts_per_minute
        found.append(_gauge("Starts in a minute", starts, most, "in the last 60 s"))
    if profile.ramp is not None and profile.max_parallel is not None:
        size, most = profile.ramp_size, profile.max_parallel
        note = (
            f"at once; {number(profile.ramp_ended)} of {number(size)} ended, {number(profile.ramp_failed)} failed; "
            f"begins anew at {percent(profile.ramp, 0)}"
        )
        found.append(_gauge("Ramp", min(size, most), most, note))
    return found


def _gauge(name: str, observed: int, limit: int, note: str) -> GaugeView:
    return GaugeView(
        name=name,
        observed=observed,
        limit=limit,
        observed_text=number(observed),
        limit_text=number(limit),
        note=note,
        fault=False,
        tripped=False,
        near=False,
    )
