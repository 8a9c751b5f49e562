"""The runs of a list: filters from the address, newest first by keyset, or by a column, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from drain.dashboard.http.search_terms import cleaned, prefix_query, required_parts
from drain.dashboard.lists.order import MOST, Order, Place, in_order, place_of
from drain.dashboard.lists.period import ALWAYS, Period
from drain.dashboard.runs.list_order import COUNTED, most_of
from drain.dashboard.ticked.question import MOST as MOST_AT_ONCE
from drain.db.sql import rows
from drain.engine.queue.blockers import of_stale
from drain.evidence.rollups.fold import state_counts
from drain.models import Phase, Run
from drain.models.vocabulary import WORKING_STATES, PhaseState
from drain.policy.numbers import whole
from drain.policy.words import last_line

Matches = dict[int, dict[str, Any]]
"""The phase of each run whose error matched the search."""
PAGE = 50
FAILURE_CHARACTERS = 300

SAYS = """
SELECT run_id FROM drain_phase
WHERE state = 'FAILED' AND drain_words(last_failure_reason) @@ to_tsquery('simple', %s)
"""
_HELD = """
SELECT r.id FROM drain_hold h CROSS JOIN LATERAL (
    SELECT id FROM drain_run WHERE h.kind = 'run' AND run_id = h.value
    UNION ALL
    SELECT id FROM drain_run
    WHERE h.kind = 'prefix' AND run_id ~>=~ h.value AND run_id ~<~ (h.value || chr(1114111))
) r
WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > %s)
"""
_MATCHES = """
SELECT DISTINCT ON (run_id) run_id, id AS pk, phase_id, left(last_failure_reason, %(size)s) AS error
FROM drain_phase WHERE run_id = ANY(%(runs)s::bigint[]) AND state = 'FAILED'
    AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s)
ORDER BY run_id, place
"""
# The same among the first few failed phases of each run, without the index of words.
_NEAR = """
SELECT r.id AS run_id, found.* FROM unnest(%(runs)s::bigint[]) AS r (id) CROSS JOIN LATERAL (
    SELECT id AS pk, phase_id, left(last_failure_reason, %(size)s) AS error FROM (
        SELECT id, phase_id, last_failure_reason FROM drain_phase
        WHERE run_id = r.id AND state = 'FAILED' ORDER BY place LIMIT 3
    ) few WHERE lower(left(last_failure_reason, 8000)) LIKE ALL(%(parts)s::text[])
        AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s) LIMIT 1
) found
"""
NEAR = 80
"""Runs in which a word is looked for before it is in all: one that many errors hold is there."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """The filter in an address; values that make no sense count as absent."""

    q: str = ""
    state: str = ""
    source: int | None = None
    stale: bool = False
    held: bool = False
    period: Period = ALWAYS
    """The period in which the runs were created."""

    @classmethod
    def read(cls, query: Mapping[str, str], period: Period) -> RunFilter:
        """Read the filter of a request's query."""
        state = query.get("state", "").upper()
        return cls(
            q=cleaned(query.get("q", "")),
            state=state if state in (*PhaseState.values, "WORKING") else "",
            source=whole(query.get("source", "")),
            stale=query.get("stale") == "1",
            held=query.get("held") == "1",
            period=period,
        )

    @property
    def active(self) -> bool:
        """True if anything is filtered away."""
        return self != RunFilter()


class ListedRun(NamedTuple):
    """The fields of a run for a list; whole models of runs and sources take several times as long to read."""

    pk: int
    run_id: str
    name: str
    source: str | None
    created_at: datetime

    def has(self, text: str) -> bool:
        """Return whether its names hold a text."""
        return text.lower() in self.run_id.lower() or text.lower() in self.name.lower()


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its phases by state, and the error that matched the search, if one did."""

    run: ListedRun
    counts: dict[str, int]
    match: dict[str, Any] | None

    @property
    def message(self) -> str:
        """The line of the matching error that says most: its last one."""
        return last_line((self.match or {}).get("error", ""), FAILURE_CHARACTERS)

    @property
    def total(self) -> int:
        """The number of all phases."""
        return sum(self.counts.values())

    @property
    def working(self) -> int:
        """Phases that somebody runs now."""
        return sum(self.counts.get(state, 0) for state in WORKING_STATES)

    @property
    def bar(self) -> list[tuple[str, int]]:
        """The states in the order of the split bar."""
        order = ("COMPLETE", "FAILED", *WORKING_STATES, "QUEUED", "SKIPPED")
        return [(str(state), self.counts.get(state, 0)) for state in order]

    @property
    def cells(self) -> list[tuple[str, int]]:
        """The states of the table's columns."""
        get = self.counts.get
        return [
            ("complete", get("COMPLETE", 0)),
            ("failed", get("FAILED", 0)),
            ("executing", self.working),
            ("queued", get("QUEUED", 0)),
            ("skipped", get("SKIPPED", 0)),
        ]


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page. Newest first `older` and `newer` are the keys that its neighbours begin at, or None;
    else `place` is.
    """

    rows: list[RunRow]
    older: int | None = None
    newer: int | None = None
    place: Place | None = None
    matching: int | None = None
    """Runs that the filter leaves, up to one more than an act takes, where reading the page has told."""


def runs_of(statement: str, values: list[Any]) -> RawSQL:
    """Primary keys of runs by a statement, by which a list is narrowed."""
    # Only the constants above come here; what people type is bound as a value.
    return RawSQL(statement, values)  # noqa: S611


def _states(wanted: RunFilter) -> list[str]:
    return [*WORKING_STATES] if wanted.state == "WORKING" else [wanted.state]


def filtered_runs(wanted: RunFilter, now: datetime) -> QuerySet[Run]:
    """The runs that the filter leaves but for its search, in no order."""
    found = wanted.period.narrow(Run.objects.all(), "created_at")
    if wanted.source is not None:
        found = found.filter(source_id=wanted.source)
    if wanted.state:
        # Asked run by run, newest first, until the page is full: most states are met soon.
        found = found.filter(
            Exists(Phase.objects.filter(run=OuterRef("pk"), state__in=_states(wanted)))
        )
    if wanted.stale:
        found = found.filter(pk__in=of_stale("run_id", now))
    if wanted.held:
        found = found.filter(pk__in=runs_of(_HELD, [now]))
    return found


def searched(wanted: RunFilter) -> Q:
    """The runs whose name or errors hold what was typed."""
    if not wanted.q:
        return Q()
    said = prefix_query(wanted.q)
    by_error = Q(pk__in=runs_of(SAYS, [said])) if said else Q()
    return Q(run_id__icontains=wanted.q) | Q(name__icontains=wanted.q) | by_error


def run_page(wanted: RunFilter, before: int | None, after: int | None, now: datetime) -> RunPage:
    """Runs newest first: those older than run `before`, or those newer than run `after`."""
    found = filtered_runs(wanted, now)
    if after is not None:
        mark = _beyond(after, "gt")
        page, matches, _ = _first(found.filter(mark).order_by("created_at", "pk"), wanted)
        more, page = len(page) > PAGE, page[:PAGE][::-1]
        older, newer = page[-1].pk if page else None, page[0].pk if more else None
    else:
        found = found.filter(_beyond(before, "lt")) if before is not None else found
        page, matches, known = _first(found.order_by("-created_at", "-pk"), wanted)
        more, page = len(page) > PAGE, page[:PAGE]
        older = page[-1].pk if more else None
        newer = page[0].pk if page and before is not None else None
        if before is None:
            return RunPage(_rows(page, matches), older, newer, matching=known)
    return RunPage(_rows(page, matches), older, newer)


def sorted_page(wanted: RunFilter, order: Order, start: int, now: datetime) -> RunPage:
    """Runs by a column of the table, from the row `start` of that order on."""
    found = filtered_runs(wanted, now).filter(searched(wanted))
    counted = COUNTED.get(order.column.name)
    if counted:
        # Who has phases to count in these states need not be asked whether they have any.
        implied = wanted.state and set(counted) <= set(_states(wanted))
        narrower = replace(wanted, state="") if implied else wanted
        among = filtered_runs(narrower, now).filter(searched(narrower))
        page = _by_count(
            found, most_of(counted, start + PAGE + 1, among if narrower.active else None), start
        )
    else:
        page = _read(in_order(found, order)[start:], PAGE + 1)
    place = place_of(start, PAGE, len(page) > PAGE)
    page = page[:PAGE]
    matches = _matches(_MATCHES, page, wanted.q) if prefix_query(wanted.q) else {}
    return RunPage(_rows(page, matches), place=place)


def _by_count(found: QuerySet[Run], ranked: list[int], start: int) -> list[ListedRun]:
    """Return runs with most phases in some states first, of which there may be more, then others,
    newest first.
    """
    pks, size = ranked[start:], PAGE + 1
    named = {run.pk: run for run in _read(found.filter(pk__in=pks), size)} if pks else {}
    page = [named[pk] for pk in pks if pk in named]
    if len(pks) < size and len(ranked) < MOST:
        none = found.exclude(pk__in=ranked).order_by("-created_at", "-pk")
        begin = max(start - len(ranked), 0)
        page += _read(none[begin:], size - len(pks))
    return page


def _read(found: QuerySet[Run], limit: int) -> list[ListedRun]:
    values = found.values_list("pk", "run_id", "name", "source__name", "created_at")
    return [ListedRun(*value) for value in values[:limit]]


def _first(found: QuerySet[Run], wanted: RunFilter) -> tuple[list[ListedRun], Matches, int | None]:
    """A page of runs and one more if there is, the errors that matched the search,
    and how many match if that is known.
    """
    if not prefix_query(wanted.q):
        return _read(found.filter(searched(wanted)), PAGE + 1), {}, None
    near = _read(found, NEAR)
    matches = _matches(_NEAR, near, wanted.q)
    page = [run for run in near if run.pk in matches or run.has(wanted.q)]
    if len(page) > PAGE:
        return page[: PAGE + 1], matches, None
    # To look for a word costs more than to read as many as an act takes:
    # their count is no question of its own.
    some = _read(found.filter(searched(wanted)), MOST_AT_ONCE + 1)
    page = some[: PAGE + 1]
    return page, _matches(_MATCHES, page, wanted.q), len(some)


def _matches(statement: str, runs: list[ListedRun], q: str) -> Matches:
    said = {"query": prefix_query(q), "parts": required_parts(q), "size": FAILURE_CHARACTERS}
    asked = {"runs": [run.pk for run in runs]} | said
    return {item["run_id"]: item for item in rows(statement, asked)} if runs else {}


def _beyond(pk: int, side: str) -> Q:
    """Runs on one side of a run in the order of the list; all of them if it is gone."""
    mark = Run.objects.filter(pk=pk).values_list("created_at", flat=True).first()
    if mark is None:
        return Q()
    return Q(**{f"created_at__{side}": mark}) | Q(**{"created_at": mark, f"pk__{side}": pk})


def _rows(page: list[ListedRun], matches: Matches) -> list[RunRow]:
    pks = [run.pk for run in page]
    counts = state_counts(pks) if pks else {}
    return [RunRow(run, counts.get(run.pk, {}), matches.get(run.pk)) for run in page]
