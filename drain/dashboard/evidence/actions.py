"""Marking a fix and adding a check: a form each, over the verbs that the command line calls too."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from drain.dashboard.fingerprints.listing import causes_by_trend
from drain.dashboard.http.actions import by, person
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import require, requires
from drain.dashboard.http.responses import number_in
from drain.dashboard.http.search_terms import typed
from drain.dashboard.lists.sources import source_names
from drain.db.sql import clock
from drain.engine.autopilot.rollouts import OnFix, drain_on_fix
from drain.engine.errors import EngineError
from drain.evidence.checks.create import EVERY_MINUTES, Claim, add_check
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.prospects import TRY_FIRST, limits, prospect_of
from drain.models import DrainSession, FixMarker, Source
from drain.models.vocabulary import CheckKind
from drain.policy.moments import MomentError, read_moment
from drain.policy.numbers import whole

OFFERED_CAUSES = 12
_MOST = 9_999_999
VALUE_WORDS = {
    CheckKind.NO_FINGERPRINT: "the fingerprint's key",
    CheckKind.NO_PATTERN: "text of the error, or re: and a regular expression",
    CheckKind.COMPLETION_RATE: "percent, e.g. 80",
    CheckKind.RATE_NOT_WORSE: "",
    CheckKind.YIELD: "events a minute, e.g. 2",
    CheckKind.NO_STATE: "a state, e.g. FAILED",
    CheckKind.NO_UNKNOWN: "",
    CheckKind.LOGS_KEPT: "",
}


@requires("drain.add_fixmarker", FORM)
def marker_new(request: HttpRequest) -> HttpResponse:
    """The form of a fix; GET may name fingerprints that it is for."""
    if request.method == "POST":
        return _add_marker(request)
    chosen = [key for key in request.GET.getlist("fingerprint") if "\0" not in key]
    return _marker_form(request, {"guard": "on"}, chosen)


def _add_marker(request: HttpRequest) -> HttpResponse:
    values = typed(request.POST)
    chosen = [key for key in request.POST.getlist("fingerprint") if "\0" not in key]
    who = by(request, timezone.now())
    try:
        at = read_moment(values["at"], timezone.localtime(who.now)) if values.get("at") else clock()
        with transaction.atomic():
            marker = add_marker(
                values.get("title", ""), who, at=at, commit=values.get("commit", ""),
                note=values.get("note", ""), keys=[*chosen, *values.get("keys", "").split()],
                source=_source_named(values.get("source", "")),
                run_ids=values.get("runs", "").split(), guarded="guard" in values,
            )  # fmt: skip
            if "drains" in values:
                require(request, "drain.add_drainsession")
                drain_on_fix(marker, OnFix(), person(request), who.now)
    except (CauseError, MomentError, EngineError) as error:
        return _marker_form(request, values, chosen, str(error))
    messages.success(
        request,
        f"FM-{marker.pk} is noted: from now on its fingerprints count as mended until they return.",
    )
    return redirect("drain:marker-detail", pk=marker.pk)


def _source_named(name: str) -> Source | None:
    """Raises CauseError where there is none of that name."""
    name = name.strip().replace("\0", "")
    found = Source.objects.filter(name=name).first() if name else None
    if name and found is None:
        raise CauseError(
            f"There is no source “{name[:60]}”: give the name of one, or leave it empty."
        )
    return found


def _marker_form(
    request: HttpRequest, values: dict[str, str], chosen: list[str], problem: str = ""
) -> HttpResponse:
    """The form with what was typed; `problem` says why it was refused."""
    now = timezone.now()
    causes = causes_by_trend(now, OFFERED_CAUSES)
    offered = {cause["key"] for cause in causes}
    context = {
        "problem": problem,
        "values": values,
        "fingerprints": causes,
        "chosen": chosen,
        **_try_first(chosen),
        "keys": values.get("keys") or " ".join(key for key in chosen if key not in offered),
        "page_has_primary": True,
        "sources": source_names(),
    }
    return render(request, "evidence/marker_new.html", context, status=422 if problem else 200)


def _try_first(chosen: list[str]) -> dict[str, Any]:
    """Return the prospects of the chosen fingerprints, and the drain that gives them a past."""
    found = {key: prospect_of(key) for key in chosen[:OFFERED_CAUSES]}
    batch = max((each.batch for each in found.values()), default=TRY_FIRST)
    href = link("session-new", fingerprint=" ".join(chosen), **limits(batch)) if chosen else ""
    return {
        "try_first": batch,
        "try_href": href,
        "prospects": [
            (key if len(found) > 1 else "", each.sentence) for key, each in found.items()
        ],
    }


@requires("drain.add_check", FORM)
def check_new(request: HttpRequest) -> HttpResponse:
    """The form of a check; the address names the fix or the drain that it is for, else it is the fleet's."""
    marker, session = _target(request)
    if request.method == "POST":
        return _add_check(request, marker, session)
    return _check_form(request, marker, session, {"every": str(EVERY_MINUTES), "hours": "24"})


def _target(request: HttpRequest) -> tuple[FixMarker | None, DrainSession | None]:
    """Return the fix or session that the address names;
    404 when it is gone, since a check of the fleet is something else.
    """
    if "marker" in request.GET:
        return get_object_or_404(FixMarker, pk=number_in(request, "marker")), None
    if "drain" in request.GET:
        return None, get_object_or_404(DrainSession, pk=number_in(request, "drain"))
    return None, None


def _add_check(
    request: HttpRequest, marker: FixMarker | None, session: DrainSession | None
) -> HttpResponse:
    values = typed(request.POST)
    try:
        claim = Claim(
            values.get("kind", ""), values.get("value", ""), values.get("name", ""), marker,
            session, _whole(values, "every", EVERY_MINUTES),
            _whole(values, "hours", 24),
        )  # fmt: skip
        check = add_check(claim, by(request, timezone.now()))
    except CauseError as error:
        return _check_form(request, marker, session, values, str(error))
    messages.success(request, f"The check “{check.name[:80]}” is added.")
    if marker is not None:
        return redirect("drain:marker-detail", pk=marker.pk)
    return redirect("drain:session-report", session.pk) if session else redirect("drain:evidence")


def _whole(values: dict[str, str], name: str, default: int) -> int:
    text = values.get(name, "")
    if not text:
        return default
    number = whole(text, _MOST)
    if number is None:
        raise CauseError(f"“{text[:20]}” is no whole number up to {_MOST:,}: use digits.")
    return number


def _check_form(
    request: HttpRequest,
    marker: FixMarker | None,
    session: DrainSession | None,
    values: dict[str, str],
    problem: str = "",
) -> HttpResponse:
    """The form with what was typed; `problem` says why it was refused."""
    target = {"marker": marker.pk} if marker else {"drain": session.pk} if session else {}
    context = {
        "action": link("check-new", **target),
        "problem": problem,
        "marker": marker,
        "session": session,
        "values": values,
        "kinds": [(kind.value, kind.label, VALUE_WORDS[kind]) for kind in CheckKind],
        "page_has_primary": True,
    }
    return render(request, "evidence/check_new.html", context, status=422 if problem else 200)
