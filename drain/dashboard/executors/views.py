"""Say how a phase is run: a form over `executor set`, with the arguments as a phase would get them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from drain.dashboard.executors.form import (
    KINDS,
    read_profile,
    shell_words,
    split_command,
    typed_profile,
)
from drain.dashboard.executors.gauges import executor_gauges
from drain.dashboard.http.actions import person
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.search_terms import typed
from drain.engine.errors import EngineError
from drain.engine.process.template import PLACEHOLDERS
from drain.engine.workers.executors import ProfileInput, set_profile, validate
from drain.engine.workers.identity import phase_user
from drain.models import ExecutorProfile

DEFINE = "drain.define_executors"
LISTED = 100


@requires(DEFINE, FORM)
def executor_set(request: HttpRequest) -> HttpResponse:
    """The form, empty or (`?name=`) with an executor in it; a POST shows the arguments, or saves."""
    if request.method != "POST":
        known = ExecutorProfile.objects.filter(name=request.GET.get("name", "")[:100]).first()
        first = (
            {} if ExecutorProfile.objects.filter(is_default=True).exists() else {"is_default": "on"}
        )
        return _show(request, typed_profile(known) if known else first)
    values = typed(request.POST)
    try:
        given = read_profile(values, _stored(values.get("name", "")))
        validate(given)
        if values.get("act") not in ("save", "try"):
            return _show(request, values, given.argv)
        _, warnings = set_profile(given, person(request), values.get("reason", ""))
    except EngineError as error:
        return _show(request, values, _arguments(values), str(error))
    _tell(request, given, warnings)
    if values.get("act") == "try":
        return redirect(link("executor-try", name=given.name))
    return redirect("drain:session-new")


def _stored(name: str) -> dict[str, str]:
    known = ExecutorProfile.objects.filter(name=name[:100]).first()
    return dict(known.env) if known else {}


def _arguments(values: dict[str, str]) -> tuple[str, ...]:
    try:
        return split_command(values.get("command", ""))
    except EngineError:
        return ()


def _tell(request: HttpRequest, given: ProfileInput, warnings: list[str]) -> None:
    default = " It runs the phases of runs that name no executor." if given.is_default else ""
    messages.success(request, f"Executor {given.name} is set.{default}")
    for warning in warnings:
        messages.warning(request, f"This host: {warning}")


def _show(
    request: HttpRequest,
    values: dict[str, Any],
    argv: tuple[str, ...] = (),
    problem: str = "",
) -> HttpResponse:
    """The form with what was typed; `problem` says why it was refused."""
    context = {
        "values": values,
        "argv": argv or _arguments(values),
        "kinds": KINDS,
        "shell_words": shell_words(argv or _arguments(values)),
        "problem": problem.replace(
            "--allow-program-text", "“Values may stand in program text”, below"
        ),
        "unfold": bool(problem),
        "placeholders": [f"{{{name}}}" for name in PLACEHOLDERS],
        "gauges": executor_gauges(str(values.get("name", ""))),
        "executors": ExecutorProfile.objects.order_by("name")[:LISTED],
        "phase_user": phase_user(),
        "page_has_primary": True,
    }
    status = 422 if problem else 200
    return render(request, "executors/page.html", context, status=status)
