"""The page Sources: where runs come from, when each is read next, and why the last reading failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from drain.dashboard.http.actions import attempt, person, verb
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.engine.errors import InputError
from drain.engine.source.schedules import (
    MOST_FAILURES,
    PAUSE_AFTER,
    SourceSchedule,
    airflow_names,
    ask_reading,
    described,
    schedule_source,
    unschedule_source,
)
from drain.models import Source
from drain.models.audit import Person
from drain.policy.numbers import whole

READ = "drain.add_phase"
SHOWN = 200


@requires("drain.view_source")
def source_list(request: HttpRequest) -> HttpResponse:
    """Sources by their names."""
    airflow = airflow_names()
    found = list(Source.objects.annotate(runs_count=Count("runs")).order_by("name")[: SHOWN + 1])
    context = {
        "now": timezone.now(),
        "sources": [
            {
                **described(source, airflow),
                "pk": source.pk,
                "kind_words": "Airflow" if source.name in airflow else source.get_kind_display(),
                "runs": source.runs_count,
                "readable": source.name in airflow or source.kind != "files",
                "paused_at": source.paused_at,
            }
            for source in found[:SHOWN]
        ],
        "more": len(found) > SHOWN,
        "zone": timezone.get_current_timezone_name(),
        "pause_after": PAUSE_AFTER,
    }
    return page_or_fragment(request, "sources/page.html", "sources/_list.html", context)


Act = Callable[[HttpRequest, str, Person, datetime, str], str]


def _verb(act: Act) -> Any:
    @verb(READ)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        name = get_object_or_404(Source, pk=pk).name
        reason = request.POST.get("reason", "")
        return attempt(
            request,
            lambda: act(request, name, person(request), timezone.now(), reason),
            link("source-list"),
        )

    return view


def _schedule(request: HttpRequest, name: str, by: Person, now: datetime, reason: str) -> str:
    zone = request.POST.get("timezone", "").strip() or timezone.get_current_timezone_name()
    typed = request.POST.get("pause_after", "").strip()
    most = whole(typed, MOST_FAILURES) if typed else PAUSE_AFTER
    if most is None:
        raise InputError(
            f"Failed readings in a row are a number up to {MOST_FAILURES:,}, not “{typed[:20]}”."
        )
    dags = tuple(dict.fromkeys(request.POST.get("dags", "").split()))
    wanted = SourceSchedule(request.POST.get("cron", ""), zone, dags, most or None)
    schedule_source(name, wanted, by, now, reason)
    return f"{name} is read by itself."


def _unschedule(request: HttpRequest, name: str, by: Person, now: datetime, reason: str) -> str:
    unschedule_source(name, by, reason)
    return f"{name} is read by itself no more."


def _read(request: HttpRequest, name: str, by: Person, now: datetime, reason: str) -> str:
    ask_reading(name, by, now, reason)
    return f"{name} is read by a worker now; what it found stands here when it is done."


VERBS = {
    "schedule": _verb(_schedule),
    "unschedule": _verb(_unschedule),
    "read": _verb(_read),
}
