"""One box for everything: runs, phases, fingerprints and what errors say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.functions import Collate
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.http.search_terms import cleaned, parts, prefix_query
from drain.db.sql import rows
from drain.models import Fingerprint, Phase, Run
from drain.policy.words import last_line

EACH = 10
# Shorter beginnings match nearly everything and say nothing.
SHORTEST = 2
# Failures among which a word is looked for before the index is asked.
NEWEST = 200

# Words that many errors share are found among the newest failures; for others the index of words knows
# the few that have them. A planner cannot know which is which, and reading the words of all of them takes seconds.
_ERRORS = f"""
WITH newest AS MATERIALIZED (
    SELECT id, state_changed_at, last_failure_reason FROM drain_phase WHERE state = 'FAILED'
    ORDER BY state_changed_at DESC, id DESC LIMIT {NEWEST}
), recent AS MATERIALIZED (
    SELECT id, state_changed_at FROM newest
    WHERE lower(left(last_failure_reason, 8000)) LIKE ALL(%(parts)s::text[])
        AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s::text)
    ORDER BY state_changed_at DESC, id DESC LIMIT {EACH}
), rare AS MATERIALIZED (
    SELECT id, state_changed_at FROM drain_phase
    WHERE state = 'FAILED' AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s::text)
        AND (SELECT count(*) FROM recent) < {EACH}
), found AS (
    SELECT * FROM recent UNION SELECT * FROM rare
    ORDER BY state_changed_at DESC, id DESC LIMIT {EACH}
)
SELECT p.id, p.phase_id, r.run_id, left(p.last_failure_reason, 2000) AS error
FROM found JOIN drain_phase p ON p.id = found.id JOIN drain_run r ON r.id = p.run_id
ORDER BY found.state_changed_at DESC, found.id DESC
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Result:
    """What was found: where it leads, its name or message, and where it belongs."""

    href: str
    text: str
    note: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind; `all_href` leads to the list that shows more."""

    title: str
    kind: str
    results: list[Result]
    all_href: str = ""

    @property
    def full(self) -> bool:
        """Whether there may be more than are shown."""
        return len(self.results) >= EACH


@require_safe
@requires()
def search(request: HttpRequest) -> HttpResponse:
    """Results as a page, or as links for the palette."""
    q = cleaned(request.GET.get("q", ""))
    groups = find(q) if len(q) >= SHORTEST else []
    context: dict[str, Any] = {
        "now": timezone.now(),
        "saved": SavedViews(request, "search"),
        "q": q,
        "groups": [group for group in groups if group.results],
        "too_short": len(q) < SHORTEST,
    }
    return page_or_fragment(request, "search/page.html", "search/_results.html", context)


def find(q: str) -> list[Group]:
    """The first few of each kind, by the beginning of names and by the words of errors. Four queries."""
    return [
        Group("Runs", "run", _runs(q), link("run-list", q=q)),
        Group("Phases", "phase", _phases(q)),
        Group("Fingerprints", "fingerprint", _fingerprints(q), link("fingerprint-list", q=q)),
        Group("Errors", "error", _errors(q), link("run-list", q=q)),
    ]


def _runs(q: str) -> list[Result]:
    found = Run.objects.filter(run_id__startswith=q).order_by("run_id")[:EACH]
    return [Result(link("run-detail", run.pk), run.run_id, run.name) for run in found]


def _phases(q: str) -> list[Result]:
    # In this order, and only in this one, an index knows the first few without reading the others.
    found = Phase.objects.alias(beginning=Collate("phase_id", "C"))
    found = found.filter(beginning__startswith=q).order_by("beginning", "pk")
    shown = found.values_list("pk", "phase_id", "run__run_id", "state")[:EACH]
    return [Result(link("phase-detail", pk), name, run, state) for pk, name, run, state in shown]


def _fingerprints(q: str) -> list[Result]:
    found = Fingerprint.objects.filter(Q(title__icontains=q) | Q(key__startswith=q))
    shown = found.filter(merged_into=None).order_by("-last_seen", "-pk")[:EACH]
    return [
        Result(link("fingerprint-detail", item.key), item.title, item.category, item.status)
        for item in shown
    ]


def _errors(q: str) -> list[Result]:
    said = prefix_query(q)
    found = rows(_ERRORS, {"query": said, "parts": parts(q)}) if said else []
    return [
        Result(
            link("phase-detail", item["id"]),
            last_line(item["error"]),
            f"{item['run_id']} / {item['phase_id']}",
            "failed",
        )
        for item in found
    ]
