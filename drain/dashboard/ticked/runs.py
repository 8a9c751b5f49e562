"""Runs that were ticked in their list are held."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.http.actions import person, reason_of
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.ticked.question import Question, Result, ticked
from drain.engine.errors import EngineError
from drain.engine.queue.holds import hold
from drain.models import Run
from drain.policy.moments import read_moment


@requires("drain.hold_run", FORM)
def runs_hold(request: HttpRequest) -> HttpResponse:
    """First which runs and why; with the reason, what became of each."""
    named = ticked(request, "run")
    known = set(Run.objects.filter(run_id__in=named).values_list("run_id", flat=True))
    question = Question(
        title="Hold",
        text="No drain takes their phases from the next claim on; what runs may end.",
        verb="Hold",
        thing="run",
        name="run",
        labels={name: name for name in named if name in known},
        back=link("run-list"),
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
