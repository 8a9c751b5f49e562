"""Work in and set aside: imports, plans and holds over the API."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query
from ninja.responses import Status

from drain.engine.queue.holds import hold, hold_matching, in_force, release
from drain.engine.sessions.planning import preview
from drain.models import Hold, Run
from drain.policy.moments import read_moment
from drain.sources.files.importing import import_file
from drain.sources.files.result import REQUEST_SECONDS, REQUEST_UNPACKED, Options

from . import evidence_schemas as shapes
from .acts import filter_of, limits_of, scope_of
from .door import ApiError, caller
from .reads import page
from .schemas import EVERYTHING, DrainIn, HoldIn, ImportListing, Listing, ReleaseIn
from .site import operation

PLAN_SHOWN = 200
MOST_BODY = 16 * 1024 * 1024
"""Bytes of one import; the web server takes no more."""
_FILE = {"schema": {"type": "string"}}
_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "A file as `import_phases` takes it.",
        "content": {
            "application/x-ndjson": _FILE,
            "application/xml": _FILE,
            "text/csv": _FILE,
            "application/octet-stream": _FILE,
        },
    }
}


@operation("POST", "imports", "drain.add_phase", "import", shapes.Imported, extra=_FILE_BODY)
def import_phases(request: HttpRequest, options: Query[ImportListing]) -> Any:
    """Import phases from the body, a file in any format of `import_phases`; again changes nothing.

    With `dry_run` nothing is written; with `lenient` what cannot be read is left out and listed in `rejects`.
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > MOST_BODY:
        raise ApiError(413, f"The body is larger than {MOST_BODY >> 20} MB: send it in parts.")
    if options.mapping and options.mapping not in MAPPINGS:
        raise ApiError(422, f"mapping must be one of {', '.join(MAPPINGS)}.")
    chosen = Options(
        encoding=options.encoding,
        delimiter=options.delimiter,
        mapping=options.mapping,
        maps=tuple(options.map),
        sets=tuple(options.set),
        day_first=options.day_first,
        lenient=options.lenient,
        dry_run=options.dry_run,
        remember=options.remember,
        most_unpacked=REQUEST_UNPACKED,
        most_seconds=REQUEST_SECONDS,
    )
    found = import_file(
        cast(IO[bytes], request), options.format, timezone.now(), options.source, chosen,
        by=caller(request).person, file="request body",
    )  # fmt: skip
    return found.as_json()


MAPPINGS = ("airflow", "bullmq", "celery", "github", "rq", "sidekiq")
"""The ready ones: a mapping of one's own is a file of the host, which no request may name."""


@operation("POST", "plan", "drain.add_drainsession", "plan", shapes.PlanOut)
def plan(
    request: HttpRequest,
    body: Body[DrainIn] = EVERYTHING,
) -> dict[str, Any]:
    """Return what a drain with this body would do; nothing is written."""
    found = preview(scope_of(body), limits_of(body.limits), timezone.now())
    first = found.selected[:PLAN_SHOWN]
    runs = Run.objects.in_bulk({item.run for item in first})
    return {
        "total_failed": found.total,
        "selected": len(found.selected),
        "excluded": {reason.value: count for reason, count in found.counts.items() if count},
        "first": [
            {
                "id": item.id,
                "run_id": runs[item.run].run_id,
                "phase_id": item.phase_id,
                "position": item.position,
                "why": item.why,
            }
            for item in first
        ],
    }


@operation("GET", "holds", "drain.view_hold", "hold-list", shapes.HoldPage)
def hold_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return the holds in force, newest first."""
    found = in_force(timezone.now()).order_by("-pk")
    return page(request, listing, found, _hold, newest=True)


@operation(
    "POST",
    "holds",
    "drain.hold_run",
    "hold-list",
    shapes.HoldOut,
    status=201,
    also={200: shapes.HeldRuns},
)
def hold_add(request: HttpRequest, body: HoldIn) -> Status[Any]:
    """Set a run aside, or with `*` behind it every run that begins so; with a filter the runs that match (200)."""
    now = timezone.now()
    until: datetime | None = None
    if body.until:
        until = read_moment(body.until, timezone.localtime(now), coming=True)
    if bool(body.target) == (body.filter is not None):
        raise ApiError(422, "Name a target, or a filter, and not both.")
    if body.filter is not None:
        asked = filter_of(body.filter)
        runs, before = hold_matching(asked, body.reason, caller(request).person, now, until)
        return Status(200, {"held": [each.value for each in runs], "held_before": before})
    made = hold(body.target, body.reason, caller(request).person, now, until)
    return Status(201, _hold(made))


@operation("POST", "holds/release", "drain.hold_run", "hold-release", shapes.Released)
def hold_release(request: HttpRequest, body: ReleaseIn) -> dict[str, Any]:
    """End the holds of exactly this run or prefix; 409 when there is none."""
    by = caller(request).person
    return {"released": release(body.target, by, timezone.now(), body.reason)}


def _hold(held: Hold) -> dict[str, Any]:
    names = ("kind", "value", "reason", "until", "created_by", "created_at")
    return {"hold": held.pk, **{name: getattr(held, name) for name in names}}
