"""Phases freed by moves out of the queue: whether they may run now, and the drain that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from drain.dashboard.http.links import link
from drain.engine.queue.blockers import waiting_for
from drain.engine.queue.explain import explain
from drain.models import Phase
from drain.models.vocabulary import PhaseState

LOOKED_AT = 200
"""Phases that are counted; beyond it there are "or more"."""
NAMED = 20
RUNS = 20
"""Runs that one address names; of more runs the drain is offered without a filter."""


@dataclass(frozen=True, slots=True)
class Waited:
    """A phase that waited, with what holds it back now, if anything does."""

    phase: Phase
    ready: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Freed:
    """The phases that a move out of the queue has freed."""

    count: int
    more: bool
    """True if there are more than were counted."""
    shown: list[Waited]
    drain_href: str
    """The form of a drain of the runs that are concerned; "" where nothing is failed."""


def freed_by(moved: Sequence[int], now: datetime) -> Freed:
    """Return the phases that waited for the moved ones, and the way on."""
    waiting = waiting_for(list(moved), now, LOOKED_AT + 1)
    more, waiting = len(waiting) > LOOKED_AT, waiting[:LOOKED_AT]
    named = (
        Phase.objects.filter(pk__in=waiting).select_related("run").order_by("run__run_id", "place")
    )
    shown = [_waited(phase, now) for phase in named[:NAMED]]
    return Freed(len(waiting), more, shown, _drain_href([*moved, *waiting]))


def _waited(phase: Phase, now: datetime) -> Waited:
    why = explain(phase, now)
    return Waited(phase, why.ready, "Nothing holds it back now" if why.ready else why.sentence)


def _drain_href(phases: list[int]) -> str:
    failed = Phase.objects.filter(pk__in=phases, state=PhaseState.FAILED)
    runs = list(failed.values_list("run__run_id", flat=True).distinct()[: RUNS + 1])
    if not runs:
        return ""
    address = link("session-new")
    return address if len(runs) > RUNS else f"{address}?{urlencode([('run', run) for run in runs])}"
