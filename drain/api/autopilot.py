"""Autopilots and drains on fix over the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from ninja.responses import Status
from pydantic import BaseModel, Field

from drain.engine.autopilot import rollouts, rules
from drain.engine.autopilot.changing import change_autopilot
from drain.engine.autopilot.recurring import run_now
from drain.engine.queue.selection import PhaseFilter
from drain.models import Autopilot, Rollout
from drain.models.audit import Person
from drain.policy.autopilot import Amount

from .acts import filter_of, limits_of
from .door import ApiError, caller
from .news import Removed, WhyIn
from .reads import page
from .schemas import FilterIn, LimitsIn, Listing, Sent
from .site import operation

SEE, SEE_ROLLOUT = "drain.view_autopilot", "drain.view_rollout"
CHANGE = "drain.change_autopilot"


class AmountOut(BaseModel):
    attempts: int | None
    minutes: float | None
    events: int | None


class AutopilotOut(BaseModel):
    """An autopilot with its next times and what its drains of a day have used."""

    id: int
    name: str
    trigger: str
    cron: str
    timezone: str
    quiet: str
    filter: dict[str, Any]
    limits: dict[str, Any]
    sample: int | None
    budget: AmountOut
    used: AmountOut
    pause_after: int | None
    paused: bool
    paused_by: str
    paused_reason: str
    next: list[str]
    latest_drain: int | None
    latest_state: str
    said: str


class AutopilotPage(BaseModel):
    items: list[AutopilotOut]
    next: str | None


class RolloutOut(BaseModel):
    """A drain on fix; `card` says why it is over, `said` why it waits."""

    id: int
    marker: int
    autopilot: str | None
    state: str
    sample: int
    steps: int
    ramps: int
    drains: list[int]
    said: str
    card: dict[str, Any]
    started_by: str
    created_at: datetime
    ended_at: datetime | None


class RolloutPage(BaseModel):
    items: list[RolloutOut]
    next: str | None


class Ran(BaseModel):
    drain: int
    selected: int


class AmountIn(Sent):
    """The budget of its drains of a day; a field that is left out has no limit."""

    attempts: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=1_000_000_000)] | None = None
    events: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None


class AutopilotIn(Sent):
    """With a schedule (`cron`), or `on_fix`."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    cron: Annotated[str, Field(max_length=100)] = ""
    on_fix: bool = False
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    quiet: Annotated[str, Field(max_length=11)] = ""
    filter: FilterIn | None = None
    limits: LimitsIn = LimitsIn()
    sample: Annotated[int, Field(ge=5, le=10_000)] = 24
    budget: AmountIn = AmountIn()
    pause_after: Annotated[int, Field(ge=1, le=1_000_000)] | None = 3
    reason: Annotated[str, Field(max_length=2000)] = ""


_SIMPLE = ("cron", "timezone", "quiet", "sample", "pause_after")


class AutopilotChangeIn(Sent):
    """Settings to change. What is left out stays; `filter`, `limits` and `budget` are given whole, `filter: null` is every phase."""

    cron: Annotated[str, Field(max_length=100)] = ""
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    quiet: Annotated[str, Field(max_length=11)] = ""
    filter: FilterIn | None = None
    limits: LimitsIn | None = None
    sample: Annotated[int, Field(ge=5, le=10_000)] = 24
    budget: AmountIn | None = None
    pause_after: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


@operation("GET", "autopilots", SEE, "autopilot-list", AutopilotPage)
def autopilot_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return autopilots with their next times."""
    return page(request, listing, Autopilot.objects.order_by("pk"), _autopilot)


@operation("POST", "autopilots", "drain.add_autopilot", "autopilot-list", AutopilotOut, status=201)
def autopilot_add(request: HttpRequest, body: AutopilotIn) -> Status[Any]:
    """Add an autopilot, which is on from now."""
    names = ("name", "cron", "on_fix", "timezone", "quiet", "sample", "pause_after")
    wanted = rules.AutopilotRequest(
        **{name: getattr(body, name) for name in names},
        filter=filter_of(body.filter) if body.filter else PhaseFilter(),
        limits=limits_of(body.limits),
        budget=Amount(**body.budget.model_dump()),
    )
    now = timezone.now()
    made = rules.add_autopilot(wanted, caller(request).person, now, body.reason)
    return Status(201, _autopilot(made))


@operation("POST", "autopilots/{int:pk}/change", CHANGE, "autopilot-change", AutopilotOut)
def autopilot_change(request: HttpRequest, pk: int, body: AutopilotChangeIn) -> dict[str, Any]:
    """Change its settings; what is left out stays. A drain that runs goes on as it began."""
    given = body.model_dump(exclude_unset=True)
    changes = {name: given[name] for name in _SIMPLE if name in given}
    if "filter" in given:
        changes["filter"] = filter_of(body.filter) if body.filter else PhaseFilter()
    if body.limits is not None:
        changes["limits"] = limits_of(body.limits)
    if body.budget is not None:
        changes["budget"] = Amount(**body.budget.model_dump())
    rule = change_autopilot(
        _named(pk), lambda wanted: replace(wanted, **changes), caller(request).person,
        timezone.now(), body.reason,
    )  # fmt: skip
    return _autopilot(rule)


def _verb(name: str, verb: Callable[[str, Person, datetime, str], Autopilot], words: str) -> None:
    def act(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
        return _autopilot(verb(_named(pk), caller(request).person, timezone.now(), body.reason))

    act.__doc__ = words
    path = f"autopilots/{{int:pk}}/{name}"
    operation("POST", path, CHANGE, f"autopilot-{name}", AutopilotOut)(act)


_verb("pause", rules.pause_autopilot, "Start nothing more by an autopilot; what runs goes on.")
_verb("resume", rules.resume_autopilot, "Go on with its next time, or with the next fix.")


@operation(
    "POST", "autopilots/{int:pk}/run", "drain.add_drainsession", "autopilot-run", Ran, status=201
)
def autopilot_run(request: HttpRequest, pk: int, body: WhyIn) -> Status[Any]:
    """Start its drain now, within its budget; 409 when nothing can be started."""
    drain = run_now(_named(pk), caller(request).person, timezone.now(), body.reason)
    return Status(201, {"drain": drain.pk, "selected": drain.selected})


@operation(
    "POST", "autopilots/{int:pk}/remove", "drain.delete_autopilot", "autopilot-remove", Removed
)
def autopilot_remove(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
    """Remove it and end its drains on fix; a drain that runs goes on."""
    name = _named(pk)
    rules.remove_autopilot(name, caller(request).person, timezone.now(), body.reason)
    return {"removed": name}


@operation("GET", "rollouts", SEE_ROLLOUT, "rollout-list", RolloutPage)
def rollout_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return drains on fix, newest first, with their drains and why they wait or are over."""
    found = Rollout.objects.select_related("autopilot").prefetch_related("sessions").order_by("-pk")
    return page(request, listing, found, _rollout, newest=True)


@operation("POST", "markers/{int:pk}/stop", "drain.change_drainsession", "rollout-stop", RolloutOut)
def rollout_stop(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
    """Stop the drain on fix of a marker, with the drain that runs for it; 409 when there is none."""
    by = caller(request).person
    return _rollout(rollouts.stop_rollout(pk, by, timezone.now(), body.reason))


def _autopilot(rule: Autopilot) -> dict[str, Any]:
    return {"id": rule.pk, **rules.described(rule, timezone.now())}


def _rollout(rollout: Rollout) -> dict[str, Any]:
    return {"id": rollout.pk, **rollouts.described(rollout)}


def _named(pk: int) -> str:
    found = Autopilot.objects.filter(pk=pk).first()
    if found is None:
        raise ApiError(404, f"There is no autopilot {pk}.")
    return found.name
