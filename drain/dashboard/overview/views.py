"""The overview: how bad it is, whether everything is accounted for, whether it works, and what next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.frame.frame import shared_counts
from drain.dashboard.http.cache import shared
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.overview.fingerprints import FingerprintMatrix, read_fingerprints
from drain.dashboard.overview.latest_drain import read_drain
from drain.dashboard.overview.rates import RateFacts, read_rates
from drain.dashboard.overview.states import StateFacts, read_states
from drain.dashboard.ui.formats import percent
from drain.engine.queue.blockers import QueuedPhase, QueueFilter, oldest_queued
from drain.engine.queue.ledger import Ledger, read_ledger
from drain.evidence.comparison.backlog import BacklogChange, backlog_change, signed
from drain.models import ExecutorProfile, Run
from drain.policy.words import counted

T = TypeVar("T")
PERIODS = {"24": "24 h", "48": "48 h", "168": "7 d"}
DEFAULT_PERIOD = "48"
PARTS = ("drained", "waiting", "held", "snoozed", "untouched")
KEEP_SECONDS = 10
BLOCKERS = 8
"""Queued phases that the page names."""


@dataclass(frozen=True, slots=True)
class OverviewFacts:
    """All that the page shows below the frame, each part of a few seconds ago at most."""

    ledger: Ledger
    rates: RateFacts
    backlog: BacklogChange
    states: StateFacts
    fingerprints: FingerprintMatrix
    blockers: list[QueuedPhase]


@dataclass(frozen=True, slots=True)
class Beginning:
    """The progress of a site on its way to the first drain."""

    imported: bool
    runnable: bool
    """Some run names its executor, or there is one for those that name none."""
    working: bool

    @property
    def next(self) -> int:
        """The step that comes next, counted from 1."""
        done = (self.imported, self.runnable, self.working, False)
        return done.index(False) + 1


def _beginning() -> Beginning:
    counts = shared_counts()
    runnable = ExecutorProfile.objects.filter(Q(is_default=True) | Q(runs__isnull=False)).exists()
    # Counts are kept for seconds, and somebody who has just imported must not read that nothing is there.
    imported = bool(counts.runs) or Run.objects.exists()
    return Beginning(imported, runnable, bool(counts.workers_alive))


@requires()
def overview(request: HttpRequest) -> HttpResponse:
    """The page, or its live part."""
    now = timezone.now()
    hours = request.GET.get("hours", DEFAULT_PERIOD)
    hours = hours if hours in PERIODS else DEFAULT_PERIOD
    facts = overview_facts(int(hours), now)
    drain = read_drain(now)
    context = {
        "now": now,
        "facts": facts,
        "drain": drain,
        "begin": None if drain else _beginning(),
        "page_has_primary": drain is None,
        "ledger_parts": ledger_parts(facts.ledger, PERIODS[hours]),
        "ledger_bar": [(name, getattr(facts.ledger, name)) for name in PARTS],
        "words": _words(facts.rates, PERIODS[hours]),
        "window": PERIODS[hours],
        "drain_href": link("session-detail", drain.session.pk) if drain else "",
        "backlog_change": signed(facts.backlog.change),
        "backlog_imports": signed(facts.backlog.imports),
        "hours": hours,
        "periods": PERIODS.items(),
    }
    return page_or_fragment(request, "overview/page.html", "overview/_live.html", context)


def overview_facts(hours: int, now: datetime) -> OverviewFacts:
    """The facts of a few seconds ago if somebody has just asked, else fresh ones; twelve queries at most.

    Each is shared by itself: what costs most is the same for every period and time zone.
    """
    span = f"{hours}:{timezone.get_current_timezone_name()}"
    by_state = shared_counts().by_state
    return OverviewFacts(
        ledger=_kept(f"ledger:{hours}", lambda: read_ledger(now, timedelta(hours=hours))),
        rates=_kept(f"rates:{span}", lambda: read_rates(hours, now)),
        backlog=_kept(
            f"backlog:{hours}", lambda: backlog_change(hours, now, by_state.get("FAILED", 0))
        ),
        states=_kept(f"states:{span}", lambda: read_states(hours, now, by_state)),
        fingerprints=_kept("fingerprints", lambda: read_fingerprints(now)),
        blockers=_kept("blockers", lambda: oldest_queued(QueueFilter(), now, BLOCKERS)),
    )


def _kept(name: str, read: Callable[[], T]) -> T:
    return shared(f"overview:{name}", KEEP_SECONDS, read)


def _words(rates: RateFacts, window: str) -> dict[str, str]:
    """Sentences about the completion rate beside its number."""
    change = rates.change
    said = "" if change is None else f"{change:+.1f} points against the {window} before"
    return {"change": said.replace("-", "−")}


def ledger_parts(ledger: Ledger, window: str) -> list[dict[str, Any]]:
    """The five parts of the ledger, each with its share, a note and where its phases are listed."""
    notes = {
        "drained": f"{ledger.complete:,} complete, {ledger.again:,} failed again",
        "waiting": "for a queued phase or a dependency",
        "held": f"in {counted(ledger.held_runs, 'run')}" if ledger.held else "no run is held",
        "snoozed": f"of {counted(ledger.snoozed_fingerprints, 'fingerprint')}"
        if ledger.snoozed
        else "no fingerprint is snoozed",
        "untouched": f"no drain has reached them in {window}",
    }
    places = {
        "drained": link("session-list"),
        "waiting": link("queued-list"),
        "held": link("run-list", held="1"),
        "snoozed": link("fingerprint-list", status="snoozed"),
        "untouched": link("run-list", state="FAILED"),
    }
    return [
        {
            "state": name,
            "count": getattr(ledger, name),
            "share": percent(getattr(ledger, name) / ledger.total) if ledger.total else "",
            "note": note,
            "href": places[name],
        }
        for name, note in notes.items()
    ]
