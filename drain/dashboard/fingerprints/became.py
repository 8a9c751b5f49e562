"""The present state of phases that failed with a fingerprint before its fix: their latest attempt since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drain.db.sql import rows
from drain.evidence.fingerprints.identity import relatives
from drain.models.vocabulary import FAILURE_OUTCOMES

LATEST = 2000
"""Failures, the latest before the fix, whose phases are looked at."""
WORDS = {
    "complete": ("complete", "Complete"),
    "same": ("failed", "Failed, same fingerprint"),
    "may_be": ("failed", "Failed, may be the same"),
    "another": ("failed", "Failed, another one"),
    "timeout": ("timeout", "Timeout"),
    "untried": ("", "Not tried yet"),
}
"""By what became of a phase: the state it is drawn as, and its words."""
_FAILURES = [outcome.value for outcome in FAILURE_OUTCOMES]

# By hand: the latest attempt of each of some thousand phases is one look into an index in a lateral join.
_BECAME = """
WITH failed AS MATERIALIZED (
    SELECT phase_id FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
        AND started_at <= %(fix)s::timestamptz AND finished_at IS NOT NULL
    ORDER BY finished_at DESC LIMIT %(latest)s::int
), imported AS MATERIALIZED (
    SELECT id FROM drain_phase
    WHERE state = 'FAILED' AND last_fingerprint = ANY(%(keys)s::text[]) AND state_changed_at <= %(fix)s::timestamptz
    LIMIT %(latest)s::int
), had AS (
    SELECT phase_id FROM failed UNION SELECT id FROM imported
)
SELECT CASE WHEN now.outcome IS NULL THEN 'untried' WHEN now.outcome = 'complete' THEN 'complete'
        WHEN now.fingerprint = ANY(%(keys)s::text[]) THEN 'same'
        WHEN now.fingerprint = ANY(%(possible)s::text[]) THEN 'may_be' WHEN now.outcome = 'timeout' THEN 'timeout'
        ELSE 'another' END AS became, count(*)::int AS phases
FROM had LEFT JOIN LATERAL (
    SELECT outcome, fingerprint FROM drain_attempt a
    WHERE a.phase_id = had.phase_id AND a.started_at > %(fix)s::timestamptz
        AND (a.outcome = 'complete' OR a.outcome = ANY(%(failures)s::text[]))
    ORDER BY a.number DESC LIMIT 1
) now ON true GROUP BY 1
"""


_COMPLETE = """
WITH failed AS MATERIALIZED (
    SELECT phase_id, number FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[]) AND finished_at IS NOT NULL
    ORDER BY finished_at DESC LIMIT %(latest)s::int
), had AS (
    SELECT phase_id, min(number) AS number FROM failed GROUP BY 1
)
SELECT date_trunc('hour', a.finished_at) AS hour, count(*)::int AS n FROM had JOIN drain_attempt a
    ON a.phase_id = had.phase_id AND a.number > had.number
WHERE a.outcome = 'complete' AND a.finished_at >= %(since)s::timestamptz GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Became:
    """The numbers of phases by their state, in the order of WORDS; `cut` where there may be more phases."""

    counts: dict[str, int]
    cut: bool

    @property
    def lines(self) -> list[tuple[str, str, int]]:
        """State, words and number, for a page."""
        return [(*WORDS[name], self.counts.get(name, 0)) for name in WORDS]

    @property
    def total(self) -> int:
        """The number of all phases."""
        return sum(self.counts.values())


def became_of(keys: list[str], fix: datetime) -> Became:
    """Return the states of the phases that failed so before a fix, by attempts that started after it."""
    possible = list(relatives(keys).possible)
    values = {
        "keys": keys, "possible": possible, "failures": _FAILURES, "fix": fix, "latest": LATEST,
    }  # fmt: skip
    counts = {found["became"]: found["phases"] for found in rows(_BECAME, values)}
    return Became(counts, sum(counts.values()) >= LATEST)


def completed_per_hour(keys: list[str], since: datetime) -> dict[datetime, int]:
    """Attempts by the hour that completed a phase which had failed so before, of the latest failures."""
    values = {"keys": keys, "failures": _FAILURES, "since": since, "latest": LATEST}
    return {found["hour"]: found["n"] for found in rows(_COMPLETE, values)}
