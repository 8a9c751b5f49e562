"""Sources and their schedules over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from ninja.responses import Status
from pydantic import BaseModel, Field

from drain.engine.source import schedules
from drain.models import Source

from .door import ApiError, caller
from .news import WhyIn
from .reads import page
from .schemas import Listing, Sent
from .site import operation

READ = "drain.add_phase"


class SourceOut(BaseModel):
    """A source; `found` is what the last good reading brought, `said` why the latest one failed."""

    id: int
    name: str
    kind: str
    address: str
    imported_at: datetime | None
    schedule: str
    timezone: str
    dags: list[str]
    pause_after: int | None
    next_at: datetime | None
    read_at: datetime | None
    found: dict[str, int]
    failures: int
    said: str
    said_at: datetime | None
    paused: bool


class SourcePage(BaseModel):
    items: list[SourceOut]
    next: str | None


class ScheduleIn(Sent):
    """The schedule by which the site reads a source."""

    cron: Annotated[str, Field(min_length=1, max_length=100)]
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    dags: Annotated[list[Annotated[str, Field(max_length=250)]], Field(max_length=50)] = []
    pause_after: Annotated[int, Field(ge=1, le=1_000)] | None = 3
    reason: Annotated[str, Field(max_length=2000)] = ""


@operation("GET", "sources", "drain.view_source", "source-list", SourcePage)
def source_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return sources with their schedules and what became of the latest readings."""
    airflow = schedules.airflow_names()
    return page(
        request, listing, Source.objects.order_by("pk"), lambda source: _source(source, airflow)
    )


@operation("POST", "sources/{int:pk}/schedule", READ, "source-schedule", SourceOut)
def source_schedule(request: HttpRequest, pk: int, body: ScheduleIn) -> dict[str, Any]:
    """Have the site read it by itself from now on, also one that was paused; 409 for files."""
    wanted = schedules.SourceSchedule(body.cron, body.timezone, tuple(body.dags), body.pause_after)
    by = caller(request).person
    return _source(schedules.schedule_source(_named(pk), wanted, by, timezone.now(), body.reason))


@operation("POST", "sources/{int:pk}/unschedule", READ, "source-unschedule", SourceOut)
def source_unschedule(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
    """Read it by itself no more; a reading that runs goes on."""
    return _source(schedules.unschedule_source(_named(pk), caller(request).person, body.reason))


@operation("POST", "sources/{int:pk}/read", READ, "source-read", SourceOut, status=202)
def source_read(request: HttpRequest, pk: int, body: WhyIn) -> Status[Any]:
    """Have a worker read it once, soon; `read_at` or `said` tell when it is done."""
    by = caller(request).person
    return Status(202, _source(schedules.ask_reading(_named(pk), by, timezone.now(), body.reason)))


def _source(source: Source, airflow: frozenset[str] | None = None) -> dict[str, Any]:
    return {"id": source.pk, **schedules.described(source, airflow)}


def _named(pk: int) -> str:
    found = Source.objects.filter(pk=pk).first()
    if found is None:
        raise ApiError(404, f"There is no source {pk}.")
    return found.name
