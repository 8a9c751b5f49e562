"""The books of sessions while a round writes them: locked, changed in memory, written once.

Order of locks, everywhere: session, session run, run, phase; in one statement a table, by key. The session's row is
locked by every round that starts or finishes something of it, so what a round reads stays true until it commits, and
the order in which rounds get the lock is the order in which attempts finish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from drain.db.prepared import row, rows
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import SessionState
from drain.policy.stopping.stops import StopCard
from drain.policy.stopping.tallies import SessionTally, with_repeats

_SESSIONS = """
SELECT id, state, parallel, open_attempts, finishes, selected, zero_yield_streak, recent_outcomes, sample_ended,
    sample_passed, ramp, ramp_ended, ramp_failed, started_at, rested, created_at
FROM drain_drainsession WHERE id = ANY(%(sessions)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_RUNS = """
SELECT id FROM drain_run WHERE id = ANY(%(runs)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_PHASES = """
SELECT id FROM drain_phase WHERE id = ANY(%(phases)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_WRITE = """
UPDATE drain_drainsession s SET open_attempts = greatest(s.open_attempts + g.opened, 0), finishes = g.finishes,
    zero_yield_streak = g.zero_yields, recent_outcomes = g.recent, sample_ended = g.sample_ended,
    sample_passed = g.sample_passed, ramp = g.ramp, ramp_ended = g.ramp_ended, ramp_failed = g.ramp_failed
FROM unnest(%(session)s::bigint[], %(opened)s::int[], %(finishes)s::int[], %(zero_yields)s::int[], %(recent)s::text[],
    %(sample_ended)s::int[], %(sample_passed)s::int[], %(ramp)s::int[], %(ramp_ended)s::int[], %(ramp_failed)s::int[])
    AS g (session, opened, finishes, zero_yields, recent, sample_ended, sample_passed, ramp, ramp_ended, ramp_failed)
WHERE s.id = g.session
"""
# The first waiting candidate of a run stands in its row, where claims look for it.
_HEADS = """
UPDATE drain_sessionrun r SET head_position = coalesce(head.position, r.head_position),
    not_before = coalesce(head.not_before, r.not_before), waiting = greatest(r.waiting - g.gone, 0)
FROM unnest(%(session_runs)s::bigint[], %(gone)s::int[]) AS g (id, gone)
LEFT JOIN LATERAL (
    SELECT c.position, c.not_before FROM drain_candidate c
    WHERE c.session_run_id = g.id AND c.status = 'waiting' ORDER BY c.position LIMIT 1
) head ON true
WHERE r.id = g.id
"""


@dataclass(slots=True)
class SessionBooks:
    """One locked session."""

    session: int
    state: str
    parallel: int
    open: int
    """Attempts that run."""
    selected: int
    finishes: int
    tally: SessionTally
    started_at: datetime
    rested: timedelta
    opened: int = 0
    """Attempts started in this round less those that ended."""
    changed: bool = False

    @property
    def running(self) -> bool:
        """True if something may start."""
        return self.state == SessionState.RUNNING

    def next_number(self) -> int:
        """The place of the next attempt that ends, from 1."""
        self.changed = True
        self.finishes += 1
        return self.finishes

    def count(self, opened: int) -> None:
        """Attempts were started, or ended (negative)."""
        self.changed = True
        self.opened += opened
        self.open = max(0, self.open + opened)

    def set_tally(self, tally: SessionTally) -> None:
        """The tally after an attempt or a dropped sample."""
        self.changed = True
        self.tally = with_repeats(tally, {})

    def stop(self, card: StopCard, attempt: int | None = None) -> None:
        """A rule tripped: nothing starts any more, what runs may end; the first one stands."""
        changes: dict[str, Any] = {
            "stop_reason": card.rule.value,
            "stop_card": card.to_json(),
            "stop_attempt_id": attempt,
        }
        why = MoveReason("stop", "engine", card.sentence, session=self.session, attempt=attempt)
        expect = [SessionState.RUNNING, SessionState.PAUSED]
        if move_session(self.session, expect=expect, to=SessionState.STOPPING, why=why, **changes):
            self.state = SessionState.STOPPING


def lock_sessions(sessions: Iterable[int]) -> dict[int, SessionBooks]:
    """Lock these sessions in the order of their keys. Call first in a transaction; those deleted are absent."""
    found = rows(_SESSIONS, {"sessions": sorted(set(sessions))})
    return {each["id"]: _books(each) for each in found}


def _books(found: dict[str, Any]) -> SessionBooks:
    return SessionBooks(
        session=found["id"],
        state=found["state"],
        parallel=found["parallel"],
        open=found["open_attempts"],
        selected=found["selected"],
        finishes=found["finishes"],
        tally=SessionTally(
            zero_yields=found["zero_yield_streak"],
            recent=found["recent_outcomes"],
            sample_ended=found["sample_ended"],
            sample_passed=found["sample_passed"],
            ramp=found["ramp"],
            ramp_ended=found["ramp_ended"],
            ramp_failed=found["ramp_failed"],
        ),
        started_at=found["started_at"] or found["created_at"],
        rested=found["rested"],
    )


def lock_runs(runs: Iterable[int]) -> None:
    """Lock these runs in the order of their keys; their sessions are locked before. One alone is locked by its change."""
    keys = sorted(set(runs))
    if len(keys) > 1:
        row(_RUNS, {"runs": keys})


def lock_phases(phases: Iterable[int]) -> None:
    """Lock these phases in the order of their keys; sessions and runs are locked before."""
    keys = sorted(set(phases))
    if len(keys) > 1:
        row(_PHASES, {"phases": keys})


def write_sessions(books: Iterable[SessionBooks]) -> None:
    """Write what changed, in one statement. Call last before the commit."""
    changed = [each for each in books if each.changed]
    if not changed:
        return
    rows(
        _WRITE,
        {
            "session": [each.session for each in changed],
            "opened": [each.opened for each in changed],
            "finishes": [each.finishes for each in changed],
            "zero_yields": [each.tally.zero_yields for each in changed],
            "recent": [each.tally.recent for each in changed],
            "sample_ended": [each.tally.sample_ended for each in changed],
            "sample_passed": [each.tally.sample_passed for each in changed],
            "ramp": [each.tally.ramp for each in changed],
            "ramp_ended": [each.tally.ramp_ended for each in changed],
            "ramp_failed": [each.tally.ramp_failed for each in changed],
        },
    )


def refresh_runs(gone: dict[int, int]) -> None:
    """Candidates of these session runs wait no more, or wait at another place: find the first that does.

    `gone`: how many left, by session run; 0 where only places changed.
    """
    if gone:
        keys = sorted(gone)
        rows(_HEADS, {"session_runs": keys, "gone": [gone[key] for key in keys]})
