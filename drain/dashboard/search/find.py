"""The search box, kind by kind: a bounded number of queries, each for the first few."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Concat

from drain.dashboard.http.links import link
from drain.dashboard.http.search_terms import like_beginning, pieces, prefix_query, required_parts
from drain.dashboard.search.phrases import ERRORS, NAMES
from drain.dashboard.ui.states import drain_state
from drain.db.sql import rows
from drain.models import Attempt, DrainSession, Fingerprint, FixMarker, Phase, Run
from drain.policy.numbers import whole
from drain.policy.words import last_line

EACH = 10
RUNS_OF_PAIR = 300
"""Runs among whose phases "run phase" is looked for: those that are named fully first, then the newest."""

# As pages print them: "Drain 147", "#48311", "FM-12".
_NUMBER = re.compile(r"(?:(drain|attempt|fix|fm)[\s-]*)?#?(\d{1,18})", re.IGNORECASE)
_KINDS = {"drain": "drain", "attempt": "attempt", "fix": "fix", "fm": "fix"}


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A found thing: its address, its name or message, and the place it belongs to."""

    href: str
    text: str
    note: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind; `all_href` leads to the list that shows more."""

    title: str
    kind: str
    results: list[SearchHit]
    all_href: str = ""

    @property
    def full(self) -> bool:
        """True if there may be more than are shown."""
        return len(self.results) >= EACH


def find(q: str) -> list[Group]:
    """The first few of each kind, what is named by its number first."""
    kind, number = numbered(q)
    return [
        Group("Drains", "drain", _drains(q, kind, number), link("session-list", q=q)),
        Group("Attempts", "attempt", _attempts(kind, number)),
        Group("Fixes", "fix", _fixes(q, kind, number)),
        Group("Runs", "run", _runs(q), link("run-list", q=q)),
        Group("Phases", "phase", _phases(q), link("phase-list", q=q)),
        Group("Fingerprints", "fingerprint", _fingerprints(q), link("fingerprint-list", q=q)),
        Group("Errors", "error", _errors(q), link("run-list", q=q)),
        Group("People", "person", _people(q) if number is None else []),
    ]


def numbered(q: str) -> tuple[str, int | None]:
    """The kind and the number that were typed as pages print them; "" for a bare number, None without one."""
    found = _NUMBER.fullmatch(q)
    if found is None:
        return "", None
    return _KINDS.get((found[1] or "").lower(), ""), whole(found[2])


def _drains(q: str, kind: str, number: int | None) -> list[SearchHit]:
    wanted = Q(note__icontains=q) | Q(started_by__icontains=q)
    if number is not None:
        wanted = (Q(pk=number) if kind in ("", "drain") else Q(pk=None)) | Q(note__icontains=q)
    found = DrainSession.objects.filter(wanted).only("note", "started_by", "state", "stop_reason")
    return [
        SearchHit(
            link("session-detail", drain.pk),
            f"Drain {drain.pk}",
            f"{drain.note or 'No note'} · by {drain.started_by}",
            drain_state(drain),
        )
        for drain in found.order_by(_first(pk=number or 0), "-pk")[:EACH]
    ]


def _attempts(kind: str, number: int | None) -> list[SearchHit]:
    if number is None or kind not in ("", "attempt"):
        return []
    found = Attempt.objects.filter(pk=number)
    shown = found.values_list("pk", "run__run_id", "phase__phase_id", "outcome", "reported_state")
    return [
        SearchHit(
            link("attempt-log", pk), f"#{pk}", f"{run} / {phase}", outcome or said or "executing"
        )
        for pk, run, phase, outcome, said in shown
    ]


def _fixes(q: str, kind: str, number: int | None) -> list[SearchHit]:
    wanted = Q(title__icontains=q) | Q(commit__istartswith=q)
    if number is not None:
        wanted |= Q(pk=number) if kind in ("", "fix") else Q(pk=None)
    found = FixMarker.objects.filter(wanted).order_by(_first(pk=number or 0), "-applied_at", "-pk")
    return [
        SearchHit(link("marker-detail", fix.pk), f"FM-{fix.pk} {fix.title}", fix.commit)
        for fix in found[:EACH]
    ]


def _runs(q: str) -> list[SearchHit]:
    found = Run.objects.filter(Q(run_id__icontains=q) | Q(name__icontains=q))
    named = found.order_by(_first(run_id=q), _first(run_id__startswith=q), "-created_at", "-pk")
    return [
        SearchHit(link("run-detail", pk), run, name if name != run else "")
        for pk, run, name in named.values_list("pk", "run_id", "name")[:EACH]
    ]


def _phases(q: str) -> list[SearchHit]:
    """Find phases by "run phase" and "run/phase" as lists print them; else by a beginning, then by pieces."""
    typed = pieces(q)
    if len(typed) > 1:
        return _listed(_of_runs(typed))
    asked = {
        "beginning": like_beginning(q),
        "query": prefix_query(q),
        "parts": required_parts(q),
        "each": EACH,
    }
    found = rows(NAMES, asked)
    return [_phase(each["id"], each["phase_id"], each["run_id"], each["state"]) for each in found]


def _of_runs(typed: list[str]) -> QuerySet[Phase]:
    """Phases whose run and name together hold every piece, some piece standing in the run's."""
    of_run = Q()
    for piece in typed:
        of_run |= Q(run_id__icontains=piece)
    likely = Run.objects.filter(of_run).order_by(_first(run_id__in=typed), "-created_at", "-pk")
    runs = list(likely.values_list("pk", flat=True)[:RUNS_OF_PAIR])
    found = Phase.objects.filter(run__in=runs).alias(both=Concat("run__run_id", "phase_id"))
    for piece in typed:
        found = found.filter(both__icontains=piece)
    exact = _first(run__run_id=typed[0], phase_id=typed[-1])
    return found.order_by(exact, _first(state="FAILED"), "run__run_id", "place", "pk")


def _listed(found: QuerySet[Phase]) -> list[SearchHit]:
    shown = found.values_list("pk", "phase_id", "run__run_id", "state")[:EACH]
    return [_phase(*values) for values in shown]


def _phase(pk: int, name: str, run: str, state: str) -> SearchHit:
    return SearchHit(link("phase-detail", pk), name, run, state)


def _fingerprints(q: str) -> list[SearchHit]:
    found = Fingerprint.objects.filter(Q(title__icontains=q) | Q(key__startswith=q))
    shown = found.filter(merged_into=None).order_by("-last_seen", "-pk")[:EACH]
    return [
        SearchHit(link("fingerprint-detail", item.key), item.title, item.category, item.status)
        for item in shown
    ]


def _errors(q: str) -> list[SearchHit]:
    said = prefix_query(q)
    found = rows(ERRORS, {"query": said, "parts": required_parts(q), "each": EACH}) if said else []
    return [
        SearchHit(
            link("phase-detail", item["id"]),
            last_line(item["error"]),
            f"{item['run_id']} / {item['phase_id']}",
            "failed",
        )
        for item in found
    ]


def _people(q: str) -> list[SearchHit]:
    found = User.objects.filter(username__icontains=q).order_by("username")[:EACH]
    return [
        SearchHit(link("session-list", by=name), name, "The drains that they started")
        for name in found.values_list("username", flat=True)
    ]


def _first(**named: object) -> Case:
    """Return the order that puts named ones on top."""
    return Case(When(**named, then=0), default=1)
