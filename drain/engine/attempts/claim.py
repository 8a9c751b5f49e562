"""The next candidates, and the check that they may still start: a set at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from drain.db.prepared import rows
from drain.engine.attempts.books import SessionBooks
from drain.engine.attempts.context import OUT_OF_REACH, HostContext, SessionContext
from drain.engine.attempts.pace import Pace
from drain.engine.attempts.refusal import leave, refusal
from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.profile import Profile
from drain.engine.workers.schema import code_schema
from drain.evidence.fingerprints.aliases import ONE_WITH
from drain.models.transitions.attempts import Start, start_attempts
from drain.policy.stopping.limits import DEFAULT_PHASE_TIMEOUT_SECONDS
from drain.policy.stopping.stops import sample_gate_open

# Seconds between attempts of a run: of the drain and of the executor, the longer one.
_DELAY = """greatest(%(run_delay)s::float8, coalesce(
            (%(delays)s::jsonb ->> coalesce(r.executor_id, %(default_executor)s::bigint)::text)::float8, 0))"""
# A sequential run has one open attempt, across all sessions, whatever its parallelism says.
_FREE = """CASE WHEN r."order" = 'sequential' THEN 1 ELSE r.max_parallel END - r.open_attempts"""
# Runs are looked through in the order of tier and of their first waiting candidate, which is the plan's order with the
# verdicts so far: what comes first over all runs is among the first of the first runs. A run whose sample runs
# (tier 2) offers nothing. Rows that somebody else has locked are passed over: a claim never waits.
_CLAIM = f"""
WITH slot AS (
    SELECT sr.id AS session_run, sr.run_id, sr.tier, r.run_id AS run_name, r.executor_id,
        (SELECT o.id FROM drain_source o WHERE o.id = r.source_id AND o.kind = 'autopack') AS source_id,
        r."order" = 'sequential' AS sequential,
        CASE WHEN sr.tier = '0' OR {_DELAY} > 0 THEN 1 ELSE {_FREE} END AS free
    FROM drain_sessionrun sr JOIN drain_run r ON r.id = sr.run_id
    WHERE sr.session_id = %(session)s::bigint AND sr.waiting > 0 AND sr.stop = '' AND sr.tier <> '2'
      AND (SELECT max(m.name) FROM django_migrations m WHERE m.app = 'drain') = %(schema)s::text
      AND sr.not_before <= clock_timestamp() AND {_FREE} > 0 AND sr.head_position <= %(gate)s::int
      AND coalesce(r.executor_id, %(default_executor)s::bigint) = ANY(%(executors)s::bigint[])
      AND ({_DELAY} <= 0 OR NOT EXISTS (SELECT FROM drain_attempt a WHERE a.run_id = r.id
            AND (a.finished_at IS NULL
                 OR a.finished_at > clock_timestamp() - make_interval(secs => {_DELAY}))))
      AND (%(force)s::bool OR NOT EXISTS (SELECT FROM drain_hold h WHERE h.released_at IS NULL
            AND (h.until IS NULL OR h.until > now())
            AND (h.kind = 'run' AND h.value = r.run_id
                 OR h.kind = 'prefix' AND starts_with(r.run_id, h.value))))
    ORDER BY sr.tier, sr.head_position LIMIT %(count)s::int
    FOR NO KEY UPDATE OF sr, r SKIP LOCKED
), candidate AS (
    SELECT slot.*, c.* FROM slot JOIN LATERAL (
        SELECT id AS candidate, phase_id, seen_attempts, attempts AS used_attempts, position, fingerprint AS cause
        FROM drain_candidate
        WHERE session_run_id = slot.session_run AND status = 'waiting' AND position <= %(gate)s::int
          AND not_before <= clock_timestamp()
        ORDER BY position LIMIT slot.free
    ) c ON true
    ORDER BY slot.tier, c.position LIMIT %(count)s::int
)
SELECT candidate.*, p.id AS phase, p.phase_id AS phase_name, p.phase_index, p.params, p.state, p.attempts,
    p.source_attempts, p.lease_owner IS NOT NULL AS leased, moved.verb AS moved_verb, moved.actor AS moved_by,
    need.state AS need_state, need.phase_id AS need_name, need.in_session AS need_in_session,
    ahead.phase_id AS queued_ahead, stopped.key AS stopped_key, lost.worker AS lost_worker, lost.lease AS lost_lease
FROM candidate JOIN drain_phase p ON p.id = candidate.phase_id
LEFT JOIN LATERAL (
    SELECT t.verb, t.actor, t.to_state FROM drain_transition t
    WHERE t.subject = 'phase' AND t.subject_pk = p.id ORDER BY t.id DESC LIMIT 1
) moved ON p.state <> 'FAILED' AND moved.to_state = p.state
LEFT JOIN LATERAL (
    SELECT q.state, q.phase_id, EXISTS (
        SELECT FROM drain_candidate x WHERE x.session_id = %(session)s::bigint AND x.phase_id = q.id
            AND x.status IN ('waiting', 'running')) AS in_session
    FROM drain_dependency d JOIN drain_phase q ON q.id = d.prerequisite_id
    WHERE d.phase_id = p.id AND q.state NOT IN ('COMPLETE', 'SKIPPED')
      AND NOT (%(ignore_queued)s::bool AND q.state = 'QUEUED')
    ORDER BY in_session LIMIT 1
) need ON NOT %(force)s::bool
LEFT JOIN LATERAL (
    SELECT q.phase_id FROM drain_phase q
    WHERE candidate.source_id IS NOT NULL AND q.run_id = candidate.run_id AND q.state = 'QUEUED'
      AND q.place < p.place AND NOT %(ignore_queued)s::bool
    ORDER BY q.place LIMIT 1
) ahead ON NOT %(force)s::bool
LEFT JOIN LATERAL (
    SELECT a.worker, a.lease, a.outcome FROM drain_attempt a WHERE a.phase_id = p.id ORDER BY a.number DESC LIMIT 1
) lost ON p.attempts > 0 AND lost.outcome = 'lost'
LEFT JOIN LATERAL (
    SELECT CASE %(key_level)s::text WHEN 'key' THEN k.key WHEN 'coarse' THEN f.coarse
        ELSE (SELECT a.fine FROM drain_attempt a WHERE a.phase_id = p.id AND a.fingerprint = k.key
              ORDER BY a.number DESC LIMIT 1) END AS key,
        CASE WHEN %(key_level)s::text <> 'coarse' THEN nullif(f.headline, '') END AS headline, f.place_known,
        CASE WHEN %(key_level)s::text = 'key' THEN {ONE_WITH.format(id="f.id")} END AS one
    FROM (VALUES (p.last_fingerprint)) k (key) LEFT JOIN drain_fingerprint f ON f.key = k.key
) failure ON NOT %(force)s::bool AND %(session_repeats)s::int < {OUT_OF_REACH}
LEFT JOIN LATERAL (
    SELECT failure.key FROM drain_sessionfingerprint s
    WHERE s.session_id = %(session)s::bigint AND s.run_pk = 0 AND (s.key = failure.key OR s.key = ANY(failure.one)
        OR s.headline = failure.headline AND NOT (s.place_known AND failure.place_known))
    HAVING sum(s.count) >= %(session_repeats)s::int
) stopped ON true
ORDER BY candidate.tier, candidate.position
FOR NO KEY UPDATE OF p SKIP LOCKED
"""  # noqa: S608 - constants only
MAX_LOOKS = 50
"""Times that refused candidates are replaced by others in one transaction; the rest is for the next one."""


@dataclass(slots=True)
class Claimer:
    """Starts candidates for one loop within one transaction, whose sessions are locked."""

    host: HostContext
    loop: UUID
    pace: Pace
    _free: dict[int, int] | None = None
    """The free starts of executors with limits of their own, by key."""

    def claim(
        self, books: SessionBooks, context: SessionContext, count: int
    ) -> list[StartedAttempt]:
        """Start up to `count` candidates of a session in the order of its plan; fewer if fewer may start.

        `count` is no more than its `parallel` leaves.
        """
        started: list[StartedAttempt] = []
        for _ in range(MAX_LOOKS):
            wanted = count - len(started)
            if wanted <= 0:
                break
            wanted = self.pace.of_session(books, context, wanted)
            if wanted <= 0:
                break
            found = self._look(books, context, wanted)
            if not found:
                break
            refused = [(facts, refusal(facts, context)) for facts in found]
            leave(books, context, [(facts, why) for facts, why in refused if why is not None])
            if not books.running:
                break
            fit = self._fit([facts for facts, why in refused if why is None])
            started += self._start(books, context, fit)
            if len(fit) == len(found):
                break
        return started

    def _look(
        self, books: SessionBooks, context: SessionContext, count: int
    ) -> list[dict[str, Any]]:
        gate = OUT_OF_REACH
        if not sample_gate_open(context.limits, books.tally, books.selected):
            gate = context.limits.sample or 0
        executors = self._executors()
        return rows(
            _CLAIM,
            {
                **context.claim_values(),
                "gate": gate,
                "count": count,
                "default_executor": self.host.default_executor,
                "executors": executors,
                "delays": json.dumps(self.pace.delays),
                "schema": code_schema(),
            },
        )

    def _executors(self) -> list[int]:
        """Executors that this host can run and that have a place free."""
        if self._free is None:
            self._free = self.pace.of_executors()
        free = self._free
        return [key for key in self.host.profiles if free.get(key, 1) > 0]

    def _fit(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep the candidates whose executor has a place left."""
        if not self._free:
            return found
        fit = []
        for facts in found:
            key = self.host.executor(facts["executor_id"])
            if self._free.get(key, 1) > 0:
                fit.append(facts)
                if key in self._free:
                    self._free[key] -= 1
        return fit

    def _start(
        self, books: SessionBooks, context: SessionContext, found: list[dict[str, Any]]
    ) -> list[StartedAttempt]:
        starts = {facts["phase"]: self._entry(context, facts) for facts in found}
        entries = list(starts.values())
        made = start_attempts(entries, worker=self.host.worker, loop=self.loop)
        started = {row["phase"]: row for row in made}
        kept = [facts for facts in found if facts["phase"] in started]
        books.count(len(kept))
        return [
            self._started(context, facts, starts[facts["phase"]], started[facts["phase"]])
            for facts in kept
        ]

    def _entry(self, context: SessionContext, facts: dict[str, Any]) -> Start:
        profile = self.host.profiles[self.host.executor(facts["executor_id"])]
        timeout = context.limits.phase_timeout_seconds or profile.timeout
        return Start(
            phase=facts["phase"],
            expect=facts["state"],
            seen=facts["attempts"],
            session=context.session,
            session_run=facts["session_run"],
            candidate=facts["candidate"],
            lease=uuid4(),
            timeout=float(timeout or DEFAULT_PHASE_TIMEOUT_SECONDS),
            remote=_place(self.host.executor(facts["executor_id"]), profile),
        )

    def _started(
        self, context: SessionContext, facts: dict[str, Any], entry: Start, row: Mapping[str, Any]
    ) -> StartedAttempt:
        return StartedAttempt(
            attempt=row["attempt"],
            number=row["number"],
            started_at=row["started_at"],
            lease=entry.lease,
            timeout=entry.timeout,
            profile=self.host.profiles[self.host.executor(facts["executor_id"])],
            phase=facts["phase"],
            phase_id=facts["phase_name"],
            phase_index=facts["phase_index"],
            params=facts["params"],
            run=facts["run_id"],
            run_id=facts["run_name"],
            source=facts["source_id"],
            was=facts["state"],
            ignores_queued=context.ignores_queued,
            session=context.session,
            session_run=facts["session_run"],
            cause=facts["cause"],
            position=facts["position"],
            sequential=facts["sequential"],
            tries=facts["used_attempts"] + 1,
            lost_claim=_lost_claim(facts),
        )


def _place(executor: int, profile: Profile) -> str | None:
    """Return the place of an attempt that runs elsewhere,
    by which another loop finds it; None for one of this host.
    """
    if profile.remote is None:
        return None
    return json.dumps({**profile.remote.to_json(), "executor": executor, "accepted": False})


def _lost_claim(facts: Mapping[str, Any]) -> str:
    if facts["lost_worker"] is None or facts["lost_lease"] is None:
        return ""
    return f"{facts['lost_worker'].rpartition('/')[2]}.{facts['lost_lease'].hex}"
