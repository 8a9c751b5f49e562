"""Try an executor on one phase, before a drain of many rests on it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from drain.dashboard.http.permissions import requires
from drain.dashboard.queue.actions import ask_first
from drain.engine.queue.explain import explain
from drain.models import ExecutorProfile, Phase
from drain.models.vocabulary import PhaseState

LOOKED_AT = 20


@requires("drain.drain_phases")
def executor_try(request: HttpRequest) -> HttpResponse:
    """Ask whether the first failed phase that `?name=` would run is drained alone; nothing starts before."""
    name, now = request.GET.get("name", "")[:100], timezone.now()
    profile = ExecutorProfile.objects.filter(name=name).first()
    failed = _failed_by(profile)[:LOOKED_AT] if profile else ()
    phase = next((phase for phase in failed if explain(phase, now).ready), None)
    if phase is not None:
        return ask_first(request, phase, tries=name)
    nothing = "No failed phase is ready to try it on: the preview says what holds each back."
    messages.info(request, nothing if profile else f"There is no executor “{name}”.")
    return redirect("drain:session-new")


def _failed_by(profile: ExecutorProfile) -> QuerySet[Phase]:
    """Failed phases that this executor would run, oldest first."""
    named = Q(run__executor=profile)
    if profile.is_default:
        named |= Q(run__executor=None)
    failed = Phase.objects.filter(named, state=PhaseState.FAILED)
    return failed.select_related("run").order_by("pk")
