"""The columns that sort the list of runs, and its runs by how many of their phases are in some states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Case, F, QuerySet, When
from django.db.models.expressions import RawSQL

from drain.dashboard.lists.order import MOST, Column, Order, in_order
from drain.models import Run
from drain.models.vocabulary import WORKING_STATES, PhaseState

COUNTED: dict[str, tuple[str, ...]] = {
    "failed": ("FAILED",),
    "complete": ("COMPLETE",),
    "running": tuple(WORKING_STATES),
    "queued": ("QUEUED",),
    "skipped": ("SKIPPED",),
    "all": tuple(PhaseState.values),
}
"""The columns that count phases, by the states that each counts."""
COLUMNS = (
    *(Column(name, name.capitalize(), indexed=True, one_way=True) for name in COUNTED),
    Column("run", "Run", "run_id", indexed=True, kind="name"),
    Column("created", "Created", "created_at", indexed=True, kind="time"),
    Column("source", "Source", "source__name", kind="name"),
)
# The states of a run are its totals and what is not folded into them yet (evidence/rollups).
_COUNT = """coalesce((SELECT sum(n) FROM (
    SELECT count AS n FROM drain_statecount WHERE run_id = drain_run.id AND state = ANY(%s)
    UNION ALL
    SELECT delta FROM drain_statedelta WHERE run_pk = drain_run.id AND state = ANY(%s)
) counts), 0)"""
# By hand: the ORM groups no union.
# Only what the page shows leaves the database, and what narrows the list goes in.
_RANKED = """
SELECT run_id FROM (
    SELECT run_id, count AS n FROM drain_statecount WHERE state = ANY(%s)
    UNION ALL
    SELECT run_pk, delta FROM drain_statedelta WHERE state = ANY(%s)
) counts {among} GROUP BY run_id HAVING sum(n) > 0 ORDER BY sum(n) DESC, run_id DESC LIMIT %s
"""


def most_of(states: Sequence[str], limit: int, among: QuerySet[Run] | None = None) -> list[int]:
    """The runs with phases in these states, those with most first; `limit` at most, of `among` if given."""
    values: list[Any] = [list(states), list(states)]
    where = ""
    if among is not None:
        narrowed, more = among.order_by().values("pk").query.sql_with_params()
        where, values = f"WHERE run_id IN ({narrowed})", [*values, *more]
    with connection.cursor() as cursor:
        cursor.execute(_RANKED.format(among=where), [*values, min(limit, MOST)])
        return [pk for (pk,) in cursor.fetchall()]


def ordered(found: QuerySet[Run], order: Order) -> QuerySet[Run]:
    """Return all of these runs in an order, without the page's end of it: for a file."""
    counted = COUNTED.get(order.column.name)
    if not counted:
        return in_order(found, order)
    states = [str(state) for state in counted]
    ranked = found.annotate(counted=RawSQL(_COUNT, [states, states]))  # noqa: S611 - a constant only
    among_equals = Case(When(counted__gt=0, then=F("pk")))
    return ranked.order_by("-counted", among_equals.desc(nulls_last=True), "-created_at", "-pk")
