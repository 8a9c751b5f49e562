"""Clear, requeue and drain phases by name, hold and release runs: each over one verb, with exact results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.http.actions import REFUSALS, attempt, person, reason_of, verb
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.queue.freed import freed_by
from drain.dashboard.queue.views import filter_of
from drain.dashboard.ui.commands import drain_command, manage
from drain.engine.bulk.worker import LARGE, MOST, BulkRequest, create_bulk
from drain.engine.queue.blockers import queued_ids
from drain.engine.queue.clearing import PhaseResult, clear_queued, discard, requeue
from drain.engine.queue.holds import hold, release
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import start_session
from drain.engine.workers.hosts import strength
from drain.models import Hold, Phase
from drain.models.vocabulary import ENDED_STATES, PhaseState
from drain.policy.command_lines import option, positional
from drain.policy.moments import read_moment
from drain.policy.numbers import whole
from drain.policy.stopping.limits import LimitError, Limits

NAMED = 50
MOVES = {
    "clear": ("clear_queued", "Clear queued phases"),
    "requeue": ("requeue", "Requeue failed phases"),
    "discard": ("discard", "Discard failed phases"),
}
_DRAINABLE = (PhaseState.FAILED, PhaseState.QUEUED)
CLEARS_TO = (
    ("failed", "A drain may take it"),
    ("skipped", "It ends; what waits for it may go on"),
    ("complete", "It was done elsewhere; what waits for it may go on"),
)


@verb("drain.clear_queued")
def queued_clear(request: HttpRequest) -> HttpResponse:
    """Show what would be cleared and ask for a reason; with it, clear them and show each result."""

    def act(phases: Sequence[int]) -> list[PhaseResult]:
        to = request.POST.get("to", "").upper()
        if to not in list(PhaseState):
            raise LimitError("Say what to clear to: complete, failed or skipped.")
        return clear_queued(phases, PhaseState(to), reason_of(request), person(request))

    return _move(request, "clear", act)


@verb("drain.requeue_phase")
def phase_requeue(request: HttpRequest) -> HttpResponse:
    """The same for failed phases that go back into their queue."""
    return _move(
        request,
        "requeue",
        lambda phases: requeue(phases, reason_of(request), person(request)),
    )


@verb("drain.discard_phase")
def phase_discard(request: HttpRequest) -> HttpResponse:
    """The same for failed phases that nobody will run again."""

    def act(phases: Sequence[int]) -> list[PhaseResult]:
        to = request.POST.get("to", "").upper()
        if to not in ENDED_STATES:
            raise LimitError("Say what to discard as: skipped or complete.")
        return discard(phases, PhaseState(to), reason_of(request), person(request))

    return _move(request, "discard", act)


def _move(
    request: HttpRequest, what: str, act: Callable[[Sequence[int]], list[PhaseResult]]
) -> HttpResponse:
    phases = _phases(request)
    large = len(phases) > LARGE
    context: dict[str, Any] = {
        "what": what,
        "query": request.GET.urlencode(),
        "count": len(phases),
        "error": "",
    }
    if request.POST.get("confirmed"):
        try:
            if large:
                return redirect("drain:bulk-detail", _hand_over(request, what, phases))
            results = act(phases)
        except REFUSALS as error:
            context["error"] = str(error)
        else:
            done = [result.phase for result in results if result.done]
            context |= {"results": results, "done": len(done), "left": len(results) - len(done)}
            context["freed"] = freed_by(done, timezone.now()) if what != "requeue" else None
            return render(request, "queue/results.html", context)
    named = Phase.objects.filter(pk__in=phases[:NAMED]).select_related("run")
    to = request.POST.get("to", "failed" if what == "clear" else "skipped")
    context |= {
        "command": _same_command(request, what, phases, to),
        # Many are named by the filter they were found with, not one by one.
        "pks": [] if large else phases,
        "large": large,
        "nobody": large and not strength().hosts,
        "named": named.order_by("run__run_id", "place"),
        # What was typed stays when it is refused: another state than the chosen one would be a trap.
        "to": to,
        "ends_as": {"clear": CLEARS_TO, "discard": CLEARS_TO[1:]}.get(what, ()),
        "reason": request.POST.get("reason", ""),
        "page_has_primary": bool(phases),
    }
    return render(request, "queue/confirm.html", context)


def _same_command(request: HttpRequest, what: str, phases: Sequence[int], to: str) -> list[str]:
    """The command line that does the same: for one phase, or for all queued ones of a run; else empty."""
    asked = filter_of(request)
    if len(phases) == 1:
        found = Phase.objects.filter(pk=phases[0]).values_list("run__run_id", "phase_id").first()
        last = list(positional(*found)) if found else []
        which: list[str] = []
    else:
        whole_run = request.POST.get("all_matching") == "1" and not asked.stale_only
        whole_run = whole_run and not (asked.since or asked.until)
        named = whole_run and what == "clear" and asked.run_id
        which, last = list(option("--run-id", asked.run_id)) if named else [], []
    state = ["--to", to] if what != "requeue" else []
    asking = [MOVES[what][0], *which, *state, "--reason", "TEXT", *last]
    return manage(asking) if which or last else []


def _hand_over(request: HttpRequest, what: str, phases: Sequence[int]) -> int:
    """Leave it to a worker; the number of the bulk action."""
    verb_name, label = MOVES[what]
    given = {"to": request.POST.get("to", "").upper(), "reason": reason_of(request)}
    back = f"{reverse('drain:queued-list')}?{request.GET.urlencode()}"
    return create_bulk(
        BulkRequest(verb_name, label, "phases", person(request), given, back), phases
    ).pk


def _phases(request: HttpRequest) -> list[int]:
    """Ticked phases; or, for "all matching", the filter of the address applied again."""
    if request.POST.get("all_matching") == "1":
        return queued_ids(filter_of(request), timezone.now(), MOST)
    ticked = request.POST.getlist("pk")[:LARGE]
    return [pk for pk in map(whole, ticked) if pk is not None]


def ask_first(request: HttpRequest, phase: Phase, tries: str = "") -> HttpResponse:
    """The question before a drain of one phase; `tries` names the executor that is tried on it."""
    context = {
        "phase": phase,
        "tries": tries,
        "nobody": not strength().workers,
        "command": drain_command(SessionScope(phase=phase.pk), Limits(batch_size=1)),
        "page_has_primary": True,
    }
    return render(request, "queue/drain_one.html", context)


@requires("drain.drain_phases", FORM)
def phase_drain(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the phase that would be drained; then drain it alone, also a queued one, because it was named."""
    phase = get_object_or_404(Phase.objects.select_related("run"), pk=pk)
    if phase.state in _DRAINABLE and not request.POST.get("confirmed"):
        return ask_first(request, phase)
    if request.method != "POST":
        messages.info(request, f"It is {phase.state.lower()} by now: there is nothing to drain.")
        return redirect("drain:phase-detail", pk=pk)
    actor = person(request)
    asked = DrainRequest(
        SessionScope(phase=phase.pk),
        Limits(batch_size=1),
        actor.name,
        actor.origin,
        address=actor.address,
    )
    made: list[int] = []

    def act() -> str:
        session = create_session(asked, timezone.now())
        start_session(session)
        made.append(session.pk)
        return f"Drain {session.pk} runs {phase.phase_id} alone."

    answer = attempt(request, act, reverse("drain:queued-list"))
    return redirect("drain:session-detail", pk=made[0]) if made else answer


@verb("drain.hold_run")
def hold_add(request: HttpRequest) -> HttpResponse:
    """Set a run or PREFIX* aside."""
    target = request.POST.get("target", "").replace("\0", "").strip()[:300]

    def act() -> str:
        now, until = timezone.localtime(), request.POST.get("until", "").strip()
        ends = read_moment(until, now, coming=True) if until else None
        hold(target, reason_of(request), person(request), now, ends)
        return f"{target} is held: no drain takes its phases from the next claim on."

    return attempt(request, act, reverse("drain:queued-list"))


@verb("drain.hold_run")
def hold_release(request: HttpRequest, pk: int) -> HttpResponse:
    """End a hold."""
    held = get_object_or_404(Hold, pk=pk)

    def act() -> str:
        release(str(held), person(request), timezone.now(), request.POST.get("reason", ""))
        return f"{held} is released."

    return attempt(request, act, reverse("drain:queued-list"))
