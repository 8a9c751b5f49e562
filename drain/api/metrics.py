"""/metrics for Prometheus: what the overview counts, read from the database when somebody scrapes."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from drain.engine.queue.blockers import QueueFilter, queue_size
from drain.engine.source.outbox import unsettled
from drain.engine.workers.hosts import strength
from drain.evidence.rollups.fold import attempt_totals, state_totals
from drain.models import Autopilot, DrainSession, Fingerprint
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    FingerprintStatus,
    Outcome,
    PhaseState,
)

from .door import ApiError, Token
from .site import refusal

PERMISSION = "drain.view_phase"
FORMAT = "text/plain; version=0.0.4; charset=utf-8"
SAFE = ("GET", "HEAD")
_token = Token(PERMISSION)


@csrf_exempt
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics to a token of somebody who may see phases."""
    try:
        _token(request)
    except ApiError as error:
        return refusal(error)
    if request.method not in SAFE:
        return refusal(ApiError(405, f"{request.path} answers GET only.", Allow="GET, HEAD"))
    registry = CollectorRegistry()
    registry.register(_Site())
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(generate_latest(registry), content_type=FORMAT, headers=headers)


class _Site(Collector):
    """Everything of one scrape. A state that nothing is in is 0, so that an alert on it can end."""

    def describe(self) -> list[Metric]:
        """Describe nothing: a registration takes no look into the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the families, a few short queries in all."""
        yield from _work()
        yield from _workers()
        yield from _past()
        waiting = GaugeMetricFamily(
            "drain_source_unsettled_phases",
            "Phases about which a source could not be asked the last time.",
            labels=["source"],
        )
        for each in unsettled():
            waiting.add_metric([each.source or ""], each.phases)
        yield waiting


def _work() -> Iterator[Metric]:
    yield _by("drain_phases", "Phases by state.", "state", PhaseState.values, state_totals())
    _, stale = queue_size(QueueFilter(), timezone.now())
    yield GaugeMetricFamily(
        "drain_queued_stale", "Phases that have been queued for longer than is usual.", stale
    )
    live = [state.value for state in LIVE_SESSION_STATES]
    found = DrainSession.objects.filter(state__in=live).values_list("state")
    counts = dict(found.annotate(count=Count("pk")).order_by())
    yield _by("drain_sessions_live", "Drains that have not ended, by state.", "state", live, counts)
    paused = Autopilot.objects.filter(paused_at__isnull=False).count()
    rules = {"on": Autopilot.objects.count() - paused, "paused": paused}
    yield _by("drain_autopilots", "Autopilots that are on, and paused.", "state", [*rules], rules)


def _workers() -> Iterator[Metric]:
    now = strength()
    for name, words, value in (
        ("hosts", "Hosts with workers that are alive.", now.hosts),
        ("workers", "Worker processes that are alive.", now.workers),
        ("slots", "Phases that may run at the same time.", now.slots),
        ("slots_busy", "Phases that run.", now.busy),
    ):
        yield GaugeMetricFamily(f"drain_{name}", words, value)


def _past() -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "drain_attempts", "Attempts that ended, by outcome.", labels=["outcome"]
    )
    ended = attempt_totals()
    for outcome in Outcome.values:
        attempts.add_metric([outcome], ended.get(outcome, 0))
    yield attempts
    found = Fingerprint.objects.filter(merged_into=None).values_list("status")
    counts = dict(found.annotate(count=Count("pk")).order_by())
    statuses = FingerprintStatus.values
    yield _by("drain_fingerprints", "Fingerprints by status.", "status", statuses, counts)


def _by(name: str, words: str, label: str, values: list[str], counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value in values:
        family.add_metric([value], counts.get(value, 0))
    return family
