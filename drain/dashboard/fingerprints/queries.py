"""Queries of the fingerprint pages; counts resolve merges on read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Q

from drain.dashboard.fingerprints.became import Became, became_of, completed_per_hour
from drain.dashboard.http.cache import shared
from drain.db.sql import rows
from drain.evidence.comparison.question import DEFAULT_DAYS
from drain.evidence.fingerprints.identity import relatives
from drain.fingerprints import explain
from drain.fingerprints.categories import Verdict
from drain.fingerprints.likeness import ComparedFingerprint, likely_same
from drain.fingerprints.splitting import read_failure
from drain.models import Attempt, Fingerprint, FingerprintSplit, FixMarker
from drain.models.vocabulary import FAILURE_OUTCOMES

HOURS = 72
SAMPLES = 3
SPLIT_SAMPLES = 20
RUNS = 10
MAY_BE = 10
MERGED = 20
COMPARED = 200
SECONDS = 5
_FAILURES = [outcome.value for outcome in FAILURE_OUTCOMES]

_HOURS = """
SELECT date_trunc('hour', finished_at) AS hour, count(*)::int AS n FROM drain_attempt
WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[]) AND finished_at >= %(since)s::timestamptz
GROUP BY 1
"""
# By the start, as everywhere around a fix: what began before it ran the old code.
_AROUND = """
SELECT count(*) FILTER (WHERE started_at <= %(fix)s)::int AS before,
    count(*) FILTER (WHERE started_at > %(fix)s)::int AS after
FROM drain_attempt
WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[]) AND started_at >= %(since)s
"""
# A common cause has thousands of runs: only those that may be shown are asked for their names.
_RUNS = """
WITH affected AS MATERIALIZED (
    SELECT run_id, count(*)::int AS waiting FROM drain_phase
    WHERE state = 'FAILED' AND last_fingerprint = ANY(%(keys)s::text[]) GROUP BY run_id
), least AS (
    SELECT min(waiting) AS waiting FROM (SELECT waiting FROM affected ORDER BY waiting DESC LIMIT %(limit)s::int) most
), whole AS (
    SELECT count(*)::int AS runs, sum(waiting)::int AS phases FROM affected
)
SELECT r.id AS run_pk, r.run_id, a.waiting, whole.runs, whole.phases
FROM affected a JOIN drain_run r ON r.id = a.run_id CROSS JOIN whole
WHERE a.waiting >= (SELECT waiting FROM least) ORDER BY a.waiting DESC, r.run_id LIMIT %(limit)s::int
"""
_TOTAL = """
SELECT coalesce(sum(attempts), 0)::int AS n FROM (
    SELECT attempts FROM drain_dailyfingerprint WHERE key = ANY(%(keys)s::text[])
    UNION ALL SELECT attempts FROM drain_attemptdelta WHERE fingerprint = ANY(%(keys)s::text[])
) counts
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The history of a fingerprint, and others that resemble it:
    no act of a person changes these but a merge.
    """

    hours: list[datetime]
    counts: list[int]
    """Failed attempts in each of the hours."""
    completed: list[int]
    """Attempts in each of them that completed a phase which had failed so before."""
    total: int
    samples: list[Attempt]
    runs: list[dict[str, Any]]
    around: dict[str, int] | None
    """Failed attempts before and after its last fix; None without one."""
    became: Became | None
    likely: list[tuple[Fingerprint, str]]
    may_be: list[Fingerprint]
    split_values: list[str]
    """Types, places and tests that its latest failures tell."""


def shared_facts(
    fingerprint: Fingerprint, keys: list[str], fix: FixMarker | None, now: datetime
) -> Facts:
    """The facts of at most some seconds ago, for all who look; a merge, its undo and a fix are news.

    `keys` are all that count for the fingerprint.
    """

    def read() -> Facts:
        hours, counts = failures_per_hour(keys, now)
        done = completed_per_hour(keys, hours[0])
        return Facts(
            hours, counts, [done.get(hour, 0) for hour in hours], total_failures(keys), samples(keys), affected_runs(keys),
            failures_around(keys, fix.applied_at) if fix else None,
            became_of(keys, fix.applied_at) if fix else None, likely(fingerprint), may_be(fingerprint), split_values(keys),
        )  # fmt: skip

    named = repr((sorted(keys), fix.pk if fix else None))
    return shared(f"drain:fingerprint:{sha256(named.encode()).hexdigest()}", SECONDS, read)


def failures_per_hour(keys: list[str], now: datetime) -> tuple[list[datetime], list[int]]:
    """Failed attempts in each of the last 72 hours, oldest first."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=n) for n in range(HOURS - 1, -1, -1)]
    values = {"keys": keys, "failures": _FAILURES, "since": hours[0]}
    found = {item["hour"]: item["n"] for item in rows(_HOURS, values)}
    return hours, [found.get(hour, 0) for hour in hours]


def failures_around(keys: list[str], fix: datetime) -> dict[str, int]:
    """Failed attempts by their start: in the DEFAULT_DAYS before a fix, and since it."""
    since = fix - timedelta(days=DEFAULT_DAYS)
    values = {"keys": keys, "failures": _FAILURES, "since": since, "fix": fix}
    return rows(_AROUND, values)[0]


def affected_runs(keys: list[str]) -> list[dict[str, Any]]:
    """Runs with phases that failed so last and still are failed, most phases first."""
    return rows(_RUNS, {"keys": keys, "limit": RUNS})


def total_failures(keys: list[str]) -> int:
    """Failed attempts so far."""
    return int(rows(_TOTAL, {"keys": keys})[0]["n"])


def samples(keys: list[str]) -> list[Attempt]:
    """The newest failed attempts of a cause."""
    found = Attempt.objects.filter(fingerprint__in=keys, outcome__in=_FAILURES)
    shown = ("outcome", "finished_at", "phase__phase_id", "run__run_id")
    found = found.select_related("phase", "run").only(*shown)
    return list(found.order_by("-finished_at")[:SAMPLES])


def may_be(fingerprint: Fingerprint) -> list[Fingerprint]:
    """Fingerprints of the same headline that it may be, as far as the place is known; the latest first."""
    found = Fingerprint.objects.filter(key__in=relatives([fingerprint.key]).possible)
    return list(found.order_by("-last_seen", "-pk")[:MAY_BE])


def likely(fingerprint: Fingerprint) -> list[tuple[Fingerprint, str]]:
    """Fingerprints likely to be this one, each with why; the latest of its type or headline are compared."""
    alike = Fingerprint.objects.filter(merged_into=None).exclude(headline="")
    alike = alike.filter(Q(coarse=fingerprint.coarse) | Q(headline=fingerprint.headline))
    latest = alike.exclude(pk=fingerprint.pk).order_by("-last_seen", "-pk")[:COMPARED]
    found = {each.key: each for each in (*latest, fingerprint) if each.headline}
    pairs = likely_same(
        ComparedFingerprint(each.key, each.template, each.headline, each.place_known)
        for each in found.values()
    )
    return [
        (found[pair.other if pair.one == fingerprint.key else pair.one], pair.why)
        for pair in pairs
        if fingerprint.key in (pair.one, pair.other)
    ]


def decided(fingerprint: Fingerprint) -> Verdict | None:
    """Return the rule and the words that decided its category, read from its sample;
    None where that tells another one.
    """
    verdict = explain(fingerprint.sample or fingerprint.template).verdict
    return verdict if verdict.category == fingerprint.category else None


def merged(fingerprint: Fingerprint, keys: list[str]) -> list[Fingerprint]:
    """Fingerprints that count for it, merged into it or into one that was, the latest first;
    each with `merged_into`.
    """
    found = Fingerprint.objects.filter(key__in=keys).exclude(pk=fingerprint.pk)
    return list(found.select_related("merged_into").order_by("-last_seen", "-pk")[:MERGED])


def parts(fingerprint: Fingerprint) -> list[FingerprintSplit]:
    """Return the parts that were split off from it, the latest first, and the split that made it."""
    found = FingerprintSplit.objects.filter(Q(fingerprint=fingerprint) | Q(part=fingerprint))
    # A part that was merged back is among those that are merged.
    found = found.filter(part__merged_into=None).select_related("fingerprint", "part")
    return list(found.order_by("-pk")[:MERGED])


def split_values(keys: list[str]) -> list[str]:
    """Types, places and tests that the latest failures of a cause tell, for who splits it."""
    found = Attempt.objects.filter(fingerprint__in=keys, outcome__in=_FAILURES).exclude(error="")
    texts = set(found.order_by("-finished_at").values_list("error", flat=True)[:SPLIT_SAMPLES])
    told = [read_failure(text) for text in texts]
    return sorted({value for each in told for value in (each.type, each.function) if value})
