"""Attempts of a run, a phase or a drain, or all: the list that sorts, narrows and downloads."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.http.search_terms import cleaned
from drain.dashboard.lists.listing import Listing, page_of
from drain.dashboard.lists.order import Column
from drain.dashboard.lists.period import Period, read_period
from drain.dashboard.ui.states import look
from drain.models import Attempt
from drain.models.vocabulary import Outcome
from drain.policy.numbers import whole
from drain.policy.words import why_ended

LISTING = Listing(
    "attempts",
    (
        Column("number", "Number", "pk", indexed=True, kind="time"),
        Column("phase", "Phase", "phase__phase_id", kind="name"),
        Column("run", "Run", "run__run_id", kind="name"),
        Column("drain", "Drain", "session", kind="time"),
        Column("outcome", "Outcome", "outcome", kind="name"),
        Column("started", "Started", "started_at", kind="time"),
        Column("took", "Duration", "took", kind="duration"),
        Column("events", "Events", "telemetry_count"),
        Column("worker", "Worker", "worker", kind="name"),
    ),
    "-number",
    {
        "number": "pk", "phase": "phase__phase_id", "run": "run__run_id", "drain": "session",
        "attempt": "number", "outcome": "outcome", "started": "started_at", "ended": "finished_at",
        "seconds": "took", "events": "telemetry_count", "worker": "worker", "exit_code": "exit_code",
        "fingerprint": "fingerprint", "error": "error",
    },
)  # fmt: skip
_SHOWN = (
    "pk", "phase_id", "phase__phase_id", "run_id", "run__run_id", "session", "number", "outcome", "started_at",
    "took", "telemetry_count", "worker", "reported_state", "zero_yield_reason",
)  # fmt: skip
_FILTERS = ("run", "drain", "phase", "outcome", "fingerprint")
ERROR_CHARACTERS = 2000


@requires()
def attempt_list(request: HttpRequest) -> HttpResponseBase:
    """The list; filters, `since` and `until` in the address narrow it."""
    now = timezone.now()
    asked = {name: cleaned(request.GET.get(name, "")) for name in _FILTERS}
    period = read_period(request.GET, now)
    found = _filtered(asked, period)
    if file := LISTING.file(request, found):
        return file
    page = page_of(
        request,
        LISTING,
        found.annotate(said=Left("error", ERROR_CHARACTERS)).values(*_SHOWN, "said"),
    )
    context = {
        "now": now,
        "saved": SavedViews(request, "attempt-list"),
        "asked": asked,
        "period": period,
        "filtered": bool(period) or any(asked.values()),
        "outcomes": [("open", "Running"), *((name, look(name).word) for name in Outcome.values)],
        "attempts": [
            row | {"message": why_ended(row["outcome"], row["said"], row["zero_yield_reason"])}
            for row in page.rows
        ],
        "order": page.order,
        "place": page.place,
    }
    return page_or_fragment(request, "attempts/list.html", "attempts/_list.html", context)


def _filtered(asked: dict[str, str], period: Period) -> QuerySet[Attempt]:
    found = Attempt.objects.annotate(took=F("finished_at") - F("started_at"))
    if asked["run"]:
        found = found.filter(run__run_id=asked["run"])
    if asked["outcome"] == "open":
        found = found.filter(finished_at__isnull=True)
    elif asked["outcome"] in Outcome.values:
        found = found.filter(outcome=asked["outcome"])
    if asked["fingerprint"]:
        found = found.filter(fingerprint=asked["fingerprint"])
    for name, column in (("drain", "session"), ("phase", "phase")):
        if asked[name]:
            # What is no number is the number of nothing.
            found = found.filter(**{column: whole(asked[name]) or 0})
    return period.narrow(found, "started_at")
