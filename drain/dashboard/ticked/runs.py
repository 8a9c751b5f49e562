"""Runs that were ticked in their list, or all that match its filters, are drained or held."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from drain.dashboard.http.actions import person, reason_of
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.lists.period import read_period
from drain.dashboard.runs.list_query import RunFilter, filtered_runs, searched
from drain.dashboard.ticked.question import MOST, Result, TickedAction, chosen, drain_of
from drain.engine.errors import EngineError
from drain.engine.queue.holds import hold
from drain.models import Run
from drain.policy.moments import read_moment


def matching_runs(query: QueryDict) -> list[str]:
    """The ids of runs that these filters of the list leave, newest first; one more than an act takes."""
    now = timezone.now()
    wanted = RunFilter.read({name: str(query[name]) for name in query}, read_period(query, now))
    found = filtered_runs(wanted, now).filter(searched(wanted)).order_by("-created_at", "-pk")
    return list(found.values_list("run_id", flat=True)[: MOST + 1])


@requires("drain.add_drainsession")
def runs_drain(request: HttpRequest) -> HttpResponse:
    """Redirect to the form of a drain of the runs that were ticked, or of all that match."""
    names, _ = chosen(request, "run", matching_runs)
    return drain_of(names, "run", "runs", link("run-list"), request)


@requires("drain.hold_run", FORM)
def runs_hold(request: HttpRequest) -> HttpResponse:
    """Show the chosen runs and ask for a reason; with it, hold them and show each result."""
    named, matching = chosen(request, "run", matching_runs)
    known = set(Run.objects.filter(run_id__in=named).values_list("run_id", flat=True))
    question = TickedAction(
        title="Hold",
        text="No drain takes their phases from the next claim on; what runs may end.",
        verb="Hold",
        thing="run",
        name="run",
        labels={name: name for name in named if name in known},
        back=link("run-list"),
        matching=matching,
        fields=[("until", "Until, empty: until released", "")],
    )
    if request.method != "POST":
        return question.ask(request)
    now, until = timezone.localtime(), request.POST.get("until", "").strip()

    def act(name: str) -> Result:
        reason = reason_of(request)
        ends = read_moment(until, now, coming=True) if until else None
        try:
            hold(name, reason, person(request), now, ends)
        except EngineError as error:
            return Result(name, done=False, said=str(error))
        return Result(name, done=True, said="held")

    return question.answer(request, act)
