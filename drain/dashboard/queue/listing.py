"""Queued phases as a list: the order that somebody asks for, its pages, and all of it as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from drain.dashboard.http.cache import shared
from drain.dashboard.http.responses import number_in
from drain.dashboard.lists.order import (
    MOST,
    Column,
    Order,
    Place,
    begins_at,
    place_of,
    read_order,
)
from drain.engine.queue.blockers import QueueFilter, blocked_by, queued_ids, queued_phases
from drain.models import Phase

COLUMNS = (
    Column("waiting", "Queued for", indexed=True, kind="duration", one_way=True),
    Column("blocks", "Blocks"),
    Column("phase", "Phase", "phase_id", kind="name"),
    Column("run", "Run", "run__run_id", kind="name"),
)
DEFAULT = "-waiting"
EXPORTED = (
    "number",
    "run",
    "phase",
    "queued_since",
    "stale",
    "blocks_directly",
    "blocks_through_others",
    "why",
)
"""The columns of the file."""
SECONDS = 10
CHUNK = 200


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of phases, and where its neighbours begin: by number `after`, or by `place` in a sorted list."""

    phases: list[int]
    older: int = 0
    place: Place | None = None


def read_queue_order(request: HttpRequest, queued: int) -> Order:
    """The order that the address asks for, as far as so many can be had in it."""
    return read_order(request, COLUMNS, DEFAULT, queued <= MOST)


def page_of_queue(
    request: HttpRequest, asked: QueueFilter, order: Order, now: datetime, size: int
) -> QueuePage:
    """The page that the address asks for."""
    if order.column.name == "waiting":
        found = queued_ids(asked, now, size + 1, number_in(request, "after"))
        return QueuePage(found[:size], found[size - 1] if len(found) > size else 0)
    start = begins_at(request)
    found = _sorted(asked, order, now)
    return QueuePage(
        found[start : start + size], place=place_of(start, size, len(found) > start + size)
    )


def exported(asked: QueueFilter, order: Order, now: datetime) -> Iterator[Sequence[Any]]:
    """The rows of the file, in the order of the page."""
    for some in _all(asked, order, now):
        known = {each.pk: each for each in queued_phases(some, asked, now)}
        for each in (known[pk] for pk in some if pk in known):
            yield (
                each.pk,
                each.run_id,
                each.phase_id,
                each.since,
                each.stale,
                each.direct,
                each.through,
                each.why,
            )


def _all(asked: QueueFilter, order: Order, now: datetime) -> Iterator[list[int]]:
    if order.column.name != "waiting":
        found = _sorted(asked, order, now)
        yield from (found[start : start + CHUNK] for start in range(0, len(found), CHUNK))
        return
    after: int | None = None
    while found := queued_ids(asked, now, CHUNK, after):
        yield found
        after = found[-1]


def _sorted(asked: QueueFilter, order: Order, now: datetime) -> list[int]:
    """Return all of them, which are at most MOST, in an order without an index."""
    ids = queued_ids(asked, now, MOST)
    if order.column.name != "blocks":
        sign = "-" if order.descending else ""
        found = Phase.objects.filter(pk__in=ids).order_by(f"{sign}{order.column.field}", "pk")
        return list(found.values_list("pk", flat=True))
    when = f"{asked.since}:{asked.until}".replace(" ", "T")
    named = f"drain:blocked-by:{asked.run_id}:{asked.stale_only}:{when}"
    blocks = shared(named, SECONDS, lambda: blocked_by(ids, now))
    # Those that wait equally many for stand as long as they wait, which is how they come.
    return sorted(ids, key=lambda pk: blocks.get(pk, 0), reverse=order.descending)
