"""Evidence: did a fix work, is the backlog falling, and any two sides against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from drain.dashboard.evidence import queries as reads
from drain.dashboard.evidence.comparison import comparison_view
from drain.dashboard.evidence.observed import observed_cells
from drain.dashboard.evidence.shared_comparisons import compared, fix_facts
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in
from drain.dashboard.http.search_terms import typed
from drain.dashboard.lists.period import as_field
from drain.dashboard.ui.commands import manage
from drain.evidence.checks.listing import CheckLine, fleet_checks
from drain.evidence.comparison.question import (
    DEFAULT_DAYS,
    ComparisonRequest,
    asked,
    days_of,
    of_marker,
)
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.evidence.fixes.status import standing
from drain.models import FixMarker, Rollout
from drain.models.vocabulary import CheckKind

DAYS = (1, 7, 30)
EVIDENCE_SHOWN = 5


@requires()
def evidence_list(request: HttpRequest) -> HttpResponse:
    """Fixes with how they stand, checks of the fleet, the backlog, and the forms to compare."""
    now = timezone.now()
    before = number_in(request, "before")
    page = reads.markers(before)
    context = {
        "now": now,
        "fixes": page.shown,
        "older": page.older,
        "newer": before is not None,
        "checks": check_rows(fleet_checks()),
        "backlog": reads.backlog_facts(now),
        "forms": reads.form_facts([line.marker for line in page.shown]),
        "values": {},
        "page_has_primary": request.user.has_perm("drain.add_fixmarker"),
    }
    return render(request, "evidence/page.html", context)


@requires()
def marker_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the verdict on one fix."""
    now = timezone.now()
    marker = get_object_or_404(FixMarker, pk=pk)
    try:
        found = of_marker(marker, days_of(typed(request.GET)), now)
    except CauseError as error:
        return _choose(request, str(error), {"kind": "marker", "marker": str(pk)})
    facts = fix_facts(marker, found, now)
    result, checks = facts.compared.result, facts.compared.checks
    context = _shared(request, found) | {
        "view": comparison_view(
            facts.compared.asked, result, facts.compared.at, facts.judged.verdict.others
        ),
        "marker": marker,
        "standing": standing(
            [check.judged for check in checks],
            result.statuses,
            fix=facts.judged.verdict,
        ),
        "checks": check_rows(checks),
        "rollout": Rollout.objects.filter(marker=marker).prefetch_related("sessions").first(),
        "ask": next(
            (c.check.threshold for c in checks if c.check.kind == CheckKind.COMPLETION_RATE), None
        ),
        "judged": facts.judged,
        "drains": facts.drains,
        "days": int(found.values["days"]),
        "offered": DAYS,
        "new_check": link("check-new", marker=pk),
        "now": now,
    }
    return render(request, "evidence/marker.html", context)


@requires()
def evidence_compare(request: HttpRequest) -> HttpResponse:
    """Any two sides, as the address names them; a question in another form leads to its canonical one."""
    now = timezone.now()
    values = typed(request.GET)
    if not values.get("kind"):
        return _choose(request, "", values)
    try:
        found = asked(values, now)
    except CauseError as error:
        return _choose(request, str(error), values)
    if found.marker is not None:
        return redirect(_address(found))
    if values != found.values:
        return redirect(_address(found))
    read = compared(found, now)
    view = comparison_view(read.asked, read.result, read.at)
    context = _shared(request, found) | {
        "view": view,
        "standing": standing([], {}, view.result.difference),
        "ask": None,
        "now": now,
    }
    return render(request, "evidence/compare.html", context)


def _shared(request: HttpRequest, found: ComparisonRequest) -> dict[str, Any]:
    return {
        "asked": found,
        "address": request.build_absolute_uri(_address(found)),
        "command": manage(found.argv),
    }


def _address(found: ComparisonRequest) -> str:
    if found.marker is not None:
        days = found.values["days"]
        return link(
            "marker-detail", found.marker.pk, days="" if int(days) == DEFAULT_DAYS else days
        )
    return link("evidence-compare", **found.values)


def _choose(request: HttpRequest, sentence: str, values: Mapping[str, str]) -> HttpResponse:
    """The forms again, with what was asked and why it cannot be answered; "" if nothing was asked yet."""
    now = timezone.now()
    picked = {name: as_field(values[name], now) for name in _TIMES if name in values}
    context = {"problem": sentence, "forms": reads.form_facts(), "values": {**values, **picked}}
    status = 400 if sentence else 200
    return render(request, "evidence/choose.html", context, status=status)


_TIMES = ("a_from", "a_to", "b_from", "b_to")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check with its cells as texts, and where its evidence is."""

    line: CheckLine
    must: str
    observed: str
    bounds: str
    n: int | None
    attempts: tuple[int, ...]
    phases: tuple[int, ...]
    more: int


def check_rows(lines: list[CheckLine]) -> list[CheckRow]:
    """Rows of the table of checks."""
    return [_row(line) for line in lines]


def _row(line: CheckLine) -> CheckRow:
    observed = line.observed
    named = [*observed.get("attempts", ()), *observed.get("phases", ())]
    must, shown, bounds = observed_cells(line.check.kind, observed)
    return CheckRow(
        line, must, shown, bounds, observed.get("n"),
        attempts=tuple(observed.get("attempts", ())[:EVIDENCE_SHOWN]),
        phases=tuple(observed.get("phases", ())[:EVIDENCE_SHOWN]),
        more=max(0, int(observed.get("found") or 0) - min(len(named), EVIDENCE_SHOWN)),
    )  # fmt: skip
