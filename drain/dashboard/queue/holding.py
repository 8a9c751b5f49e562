"""Set aside the runs of what a filter means: counted first, then with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from drain.dashboard.http.actions import REFUSALS, person, reason_of
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.lists.filters import read_filter
from drain.engine.errors import EngineError
from drain.engine.queue.holds import MOST_RUNS, hold_matching
from drain.engine.queue.selection import count_selection
from drain.models.vocabulary import PhaseState
from drain.policy.moments import read_moment
from drain.policy.words import agrees, counted


@requires("drain.hold_run", FORM)
def hold_matching_runs(request: HttpRequest) -> HttpResponse:
    """Show what the filter of the address would hold; a POST with a reason holds it."""
    asked, fields = read_filter(request)
    if asked.is_empty:
        messages.error(
            request, "Filter the phases first: an empty filter means every run there is."
        )
        return redirect("drain:phase-list")
    problem = ""
    if request.method == "POST":
        now, until = timezone.localtime(), request.POST.get("until", "").strip()
        try:
            ends = read_moment(until, now, coming=True) if until else None
            made, before = hold_matching(asked, reason_of(request), person(request), now, ends)
        except REFUSALS as error:
            problem = str(error)
        else:
            also = f"; {before:,} were before" if before else ""
            messages.success(
                request,
                f"{counted(len(made), 'run')} {agrees(len(made))} held from the next claim on{also}.",
            )
            return redirect("drain:queued-list")
    try:
        found = count_selection(asked.find(PhaseState.FAILED))
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("drain:phase-list")
    context = {
        "found": found,
        "fields": [each for each in fields if each.value],
        "query": request.GET.urlencode(),
        "problem": problem,
        "most": MOST_RUNS,
        "reason": request.POST.get("reason", ""),
        "until": request.POST.get("until", ""),
        "page_has_primary": True,
    }
    return render(request, "queue/hold_matching.html", context, status=422 if problem else 200)
