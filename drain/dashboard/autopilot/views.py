"""The page Autopilot: what starts drains by itself and when next, drains on fix, and a form for one more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from drain.dashboard.autopilot.form import (
    BUDGET,
    FILTERS,
    FIRST,
    LIMITS,
    PAUSE_FIELD,
    SAMPLE_FIELD,
    filters_of,
    kept,
    of_saved,
    values_of,
    wanted,
)
from drain.dashboard.frame.saved_views import DRAIN, saved_drain, views_of
from drain.dashboard.http.actions import REFUSALS, attempt, person, verb
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import require, requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.dashboard.http.search_terms import typed
from drain.engine.autopilot import rules
from drain.engine.autopilot.allowance import budget_of, next_times, used_by
from drain.engine.autopilot.changing import change_autopilot, revision, wanted_of
from drain.engine.autopilot.recurring import run_now
from drain.engine.autopilot.rollouts import stop_rollout
from drain.engine.sessions.verbs import Actor
from drain.models import Autopilot, Rollout
from drain.models.vocabulary import LIVE_ROLLOUT_STATES
from drain.policy.words import counted

SHOWN_TIMES = 3
SHOWN_ROLLOUTS = 50
ADD = "drain.add_autopilot"


@requires("drain.view_autopilot", FORM)
def autopilot_list(request: HttpRequest) -> HttpResponse:
    """The page; a POST adds an autopilot."""
    if request.method != "POST":
        values, left = of_saved(saved_drain(request, number_in(request, "saved") or 0))
        if left:
            messages.info(
                request, f"This form leaves out what the saved drain says of {', '.join(left)}."
            )
        return _page(request, FIRST | values)
    require(request, ADD)
    values = typed(request.POST)
    now, zone = timezone.now(), timezone.get_current_timezone_name()
    try:
        asked = wanted(values, zone)
        made = rules.add_autopilot(asked, person(request), now, values.get("reason", ""))
    except REFUSALS as error:
        return _page(request, values, str(error))
    messages.success(request, f"{made.name} is on.")
    return redirect("drain:autopilot-list")


@requires("drain.change_autopilot", FORM)
def autopilot_change(request: HttpRequest, pk: int) -> HttpResponse:
    """The form with an autopilot's settings; a POST changes them, unless somebody else did meanwhile."""
    rule = get_object_or_404(Autopilot, pk=pk)
    if request.method != "POST":
        return _form(request, rule, values_of(wanted_of(rule)) | {"seen": revision(rule)})
    values = typed(request.POST)
    zone = timezone.get_current_timezone_name()
    try:
        change_autopilot(
            rule.name, lambda old: wanted(values, zone, old), person(request), timezone.now(),
            values.get("reason", ""), seen=values.get("seen", ""),
        )  # fmt: skip
    except REFUSALS as error:
        return _form(request, rule, values, str(error))
    messages.success(request, f"{rule.name} is changed. A drain that runs goes on as it began.")
    return redirect("drain:autopilot-list")


def _form(
    request: HttpRequest, rule: Autopilot, values: dict[str, str], problem: str = ""
) -> HttpResponse:
    asked = wanted_of(rule)
    fields = _fields() | {"filters": filters_of(asked.filter), "kept": kept(asked)}
    if not asked.on_fix:
        fields["counts"] = (PAUSE_FIELD,)
    context = fields | {
        "values": values, "problem": problem, "rule": rule, "page_has_primary": True,
    }  # fmt: skip
    return render(request, "autopilot/change.html", context, status=422 if problem else 200)


def _fields() -> dict[str, Any]:
    return {
        "rule": None,
        "saved": (),
        "zone": timezone.get_current_timezone_name(),
        "filters": FILTERS,
        "limits": LIMITS,
        "budget": BUDGET,
        "counts": (PAUSE_FIELD, SAMPLE_FIELD),
    }


def _verb(permission: str, act: Callable[[str, Actor, datetime, str], str]) -> Any:
    @verb(permission)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        name = get_object_or_404(Autopilot, pk=pk).name
        reason = request.POST.get("reason", "")
        return attempt(
            request,
            lambda: act(name, person(request), timezone.now(), reason),
            link("autopilot-list"),
        )

    return view


def _pause(name: str, by: Actor, now: datetime, reason: str) -> str:
    rules.pause_autopilot(name, by, now, reason)
    return f"{name} is paused."


def _resume(name: str, by: Actor, now: datetime, reason: str) -> str:
    rules.resume_autopilot(name, by, now, reason)
    return f"{name} is on."


def _remove(name: str, by: Actor, now: datetime, reason: str) -> str:
    rules.remove_autopilot(name, by, now, reason)
    return f"{name} is removed."


def _run(name: str, by: Actor, now: datetime, reason: str) -> str:
    drain = run_now(name, by, now, reason)
    return f"Drain {drain.pk} of {counted(drain.selected, 'phase')} is started."


VERBS = {
    "pause": _verb("drain.change_autopilot", _pause),
    "resume": _verb("drain.change_autopilot", _resume),
    "run": _verb("drain.add_drainsession", _run),
    "remove": _verb("drain.delete_autopilot", _remove),
}


@verb("drain.change_drainsession")
def rollout_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the drain on fix of a marker."""

    def act() -> str:
        stop_rollout(pk, person(request), timezone.now(), request.POST.get("reason", ""))
        return f"The drain on fix FM-{pk} is stopped."

    return attempt(request, act, link("autopilot-list"))


def _page(request: HttpRequest, values: dict[str, str], problem: str = "") -> HttpResponse:
    now = timezone.now()
    found = Rollout.objects.select_related("marker", "autopilot").prefetch_related("sessions")
    context = _fields() | {
        "saved": views_of(request, DRAIN),
        "now": now,
        "autopilots": [_row(rule, now) for rule in Autopilot.objects.order_by("name")],
        "rollouts": found.order_by("-pk")[:SHOWN_ROLLOUTS],
        "live": LIVE_ROLLOUT_STATES,
        "values": values,
        "problem": problem,
        "page_has_primary": True,
    }
    if problem:
        return render(request, "autopilot/page.html", context, status=422)
    return page_or_fragment(request, "autopilot/page.html", "autopilot/_list.html", context)


def _row(rule: Autopilot, now: datetime) -> dict[str, Any]:
    used, budget = used_by(rule, now), budget_of(rule)
    return {
        "rule": rule,
        "next": list(islice(next_times(rule, now), SHOWN_TIMES)) if rule.next_at else [],
        "latest": rules.latest_drains(rule).first(),
        "budget": [
            (name, getattr(used, name), most)
            for name, most in budget._asdict().items()
            if most is not None
        ],
        "scope": [
            (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
            for name, value in rule.filter.items()
        ],
    }
