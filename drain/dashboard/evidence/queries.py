"""Queries of the evidence pages besides the comparison itself; each is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator

from drain.dashboard.http.cache import shared
from drain.dashboard.ui.charts import Chart, Series, stacked_chart
from drain.evidence.comparison.backlog import BacklogChange, backlog
from drain.evidence.fixes.scope import concerned
from drain.evidence.fixes.status import Standing, standings
from drain.models import DrainSession, FixMarker, Source

LISTED = 20
HOURS = 48
DRAINS = 6
LOOKED_AT = 30
_OFFERED = 50
_KEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MarkerLine:
    """A fix with how it stands."""

    marker: FixMarker
    standing: Standing


@dataclass(frozen=True, slots=True)
class MarkerPage:
    """Fixes, the latest first; `older` is the last one shown when there are more."""

    shown: list[MarkerLine]
    older: int


def markers(before: int | None) -> MarkerPage:
    """A page of fixes by when they went in, after the one numbered `before`."""
    found = FixMarker.objects.order_by("-applied_at", "-pk")
    last = FixMarker.objects.filter(pk=before).first() if before is not None else None
    if last is not None:
        same_time = Q(applied_at=last.applied_at, pk__lt=last.pk)
        found = found.filter(Q(applied_at__lt=last.applied_at) | same_time)
    page = list(found[: LISTED + 1])
    shown = page[:LISTED]
    stand = standings(shown)
    lines = [MarkerLine(marker, stand[marker.pk]) for marker in shown]
    return MarkerPage(lines, shown[-1].pk if len(page) > LISTED else 0)


@dataclass(frozen=True, slots=True)
class BacklogFacts:
    """The trend of the backlog: its change, and its chart when there is something to draw."""

    found: BacklogChange
    chart: Chart | None
    hours: int


def backlog_facts(now: datetime) -> BacklogFacts:
    """The last HOURS of the backlog; read at most about twice a minute for all who look."""

    def read() -> BacklogFacts:
        found = backlog(HOURS, now)
        return BacklogFacts(found, _chart(found), HOURS)

    return shared(f"backlog:{timezone.get_current_timezone_name()}", _KEEP_SECONDS, read)


def _chart(found: BacklogChange) -> Chart | None:
    """Failed phases at the beginning of each hour, and now."""
    if len(found.points) < 3:
        return None
    local = [timezone.localtime(point.at) for point in found.points]
    counts = [point.failed for point in found.points]
    return stacked_chart(local, [Series("failed", counts, "Failed phases")])


Choices = list[tuple[int, str]]
"""Numbers with the words that name them in a select."""
_WORDS = 40


@dataclass(frozen=True, slots=True)
class FormFacts:
    """The choices of the forms to compare: the newest of each."""

    drains: Choices
    sources: Choices
    markers: Choices

    @property
    def newest(self) -> tuple[str, str]:
        """The last drain but one and the last one: what people compare first."""
        numbers = [str(pk) for pk, _ in self.drains[:2]] or [""]
        return numbers[-1], numbers[0]


def form_facts(fixes: Sequence[FixMarker] | None = None) -> FormFacts:
    """The newest drains and the sources by name; these fixes, or the latest ones."""
    drains = DrainSession.objects.order_by("-pk").values_list("pk", "note")[:_OFFERED]
    sources = Source.objects.order_by("name").values_list("pk", "name")[:_OFFERED]
    latest = FixMarker.objects.order_by("-applied_at", "-pk").values_list("pk", "title")
    markers = latest[:_OFFERED] if fixes is None else [(fix.pk, fix.title) for fix in fixes]
    return FormFacts(
        [(pk, f"{pk} {_cut(note)}".rstrip()) for pk, note in drains],
        list(sources),
        [(pk, f"FM-{pk} {_cut(title)}") for pk, title in markers],
    )


def _cut(words: str) -> str:
    return Truncator(words).chars(_WORDS)


def drains_since(marker: FixMarker) -> list[DrainSession]:
    """The first drains that started after the fix and that it concerns, of the first LOOKED_AT."""
    found = DrainSession.objects.filter(started_at__gt=marker.applied_at).order_by("started_at")
    since = list(found.only("pk", "state")[:LOOKED_AT])
    mine = concerned(marker, [session.pk for session in since])
    return [session for session in since if session.pk in mine][:DRAINS]
