"""Phases of a run, or of all: the list that sorts, narrows and downloads."""

from __future__ import annotations

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Collate, Left
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.http.search_terms import cleaned, prefix_query
from drain.dashboard.lists.filters import read_filter
from drain.dashboard.lists.listing import Listing, page_of
from drain.dashboard.lists.order import MOST, Column
from drain.dashboard.lists.period import Period, read_period
from drain.dashboard.lists.sources import source_names
from drain.dashboard.ui.states import look
from drain.engine.errors import EngineError
from drain.engine.queue.selection import PhaseFilter
from drain.models import Phase
from drain.models.vocabulary import PhaseState
from drain.policy.words import last_line

LISTING = Listing(
    "phases",
    (
        Column("number", "Number", "pk", indexed=True, kind="time"),
        Column("phase", "Phase", "beginning", indexed=True, kind="name"),
        Column("run", "Run", "run__run_id", kind="name"),
        Column("place", "Place in its run", "place", kind="place"),
        Column("state", "State", "state", kind="name"),
        Column("attempts", "Attempts", "attempts"),
        Column("changed", "Last change", "state_changed_at", kind="time"),
    ),
    "-number",
    {
        "number": "pk", "phase": "phase_id", "run": "run__run_id", "tier": "tier_index", "index": "phase_index",
        "state": "state", "changed": "state_changed_at", "category": "category", "attempts": "attempts",
        "fingerprint": "last_fingerprint", "error": "last_failure_reason",
    },
)  # fmt: skip
_SHOWN = (
    "pk",
    "phase_id",
    "state",
    "attempts",
    "state_changed_at",
    "category",
    "run_id",
    "run__run_id",
)
ERROR_CHARACTERS = 2000
# As the index of words has it.
_HAS_WORDS = "drain_words(drain_phase.phase_id) @@ to_tsquery('simple', %s)"


@requires()
def phase_list(request: HttpRequest) -> HttpResponseBase:
    """The list; `run`, `state`, `q`, `since` and `until` in the address narrow it."""
    now = timezone.now()
    asked = {name: cleaned(request.GET.get(name, "")) for name in ("run", "state", "q")}
    period = read_period(request.GET, now)
    more, fields = read_filter(request)
    found, few, problem = _narrowed(*_filtered(asked, period), more)
    if file := LISTING.file(request, found, few):
        return file
    shown = found.annotate(error=Left("last_failure_reason", ERROR_CHARACTERS)).values(
        *_SHOWN, "error"
    )
    page = page_of(request, LISTING, shown, few=few)
    context = {
        "now": now,
        "saved": SavedViews(request, "phase-list"),
        "asked": asked,
        "period": period,
        "filtered": bool(period) or any(asked.values()) or not more.is_empty,
        "fields": fields,
        "sources": source_names(),
        "more": not more.is_empty,
        "problem": problem,
        "holdable": request.GET.urlencode() if not more.is_empty and not problem else "",
        "states": [(name, look(name).word) for name in PhaseState.values],
        "phases": [row | {"message": last_line(row["error"])} for row in page.rows],
        "order": page.order,
        "place": page.place,
    }
    return page_or_fragment(request, "phases/list.html", "phases/_list.html", context)


def _filtered(asked: dict[str, str], period: Period) -> tuple[QuerySet[Phase], bool | None]:
    """The phases, and whether they are few enough for any order; None where nobody has counted."""
    # By this order of characters, and only by it, an index knows names (the search goes by it too).
    found = Phase.objects.alias(beginning=Collate("phase_id", "C"))
    if asked["run"]:
        found = found.filter(run__run_id=asked["run"])
    if asked["state"] in PhaseState.values:
        found = found.filter(state=asked["state"])
    if asked["q"]:
        found = found.filter(_named(asked["q"]))
    found = period.narrow(found, "state_changed_at")
    return _looked_up(found) if asked["q"] else (found, None)


def _narrowed(
    found: QuerySet[Phase], few: bool | None, more: PhaseFilter
) -> tuple[QuerySet[Phase], bool | None, str]:
    """The phases that the language of filters leaves, and why there are none if it cannot be meant."""
    if more.is_empty:
        return found, few, ""
    try:
        return more.narrow(found), few, ""
    except EngineError as error:
        return found.none(), True, str(error)


def _looked_up(found: QuerySet[Phase]) -> tuple[QuerySet[Phase], bool]:
    """The same phases by their numbers, unless they are many:
    a planner that takes rare words for common ones reads all.
    """
    numbers = list(found.order_by().values_list("pk", flat=True)[: MOST + 1])
    if len(numbers) > MOST:
        return found, False
    return Phase.objects.alias(beginning=Collate("phase_id", "C")).filter(pk__in=numbers), True


def _named(q: str) -> Q:
    """The phases that have pieces with these beginnings in their id."""
    words = prefix_query(q)
    # Only the constant above comes here; what people type is bound as a value.
    return Q(RawSQL(_HAS_WORDS, [words], BooleanField())) if words else Q(phase_id__contains=q)  # noqa: S611
