"""The verdicts on ended attempts for their runs and sessions:
asks the policy in finish order, writes its answers once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from drain.db.prepared import Row, rows
from drain.engine.attempts.books import SessionBooks, refresh_runs
from drain.engine.attempts.context import SessionContext
from drain.evidence.fingerprints.aliases import ONE_WITH
from drain.models.vocabulary import RunTier
from drain.policy.reasons import RunStop, SampleVerdict
from drain.policy.stopping.stops import StopCard, judge_attempt, judge_sample
from drain.policy.stopping.tallies import Ended, RunTally, with_repeats

_VERDICTS = (RunTier.PROMISING, RunTier.DEPRIORITISED)
_COUNT = f"""
WITH written AS (
INSERT INTO drain_sessionfingerprint AS f (session_id, run_pk, key, headline, place_known, count)
SELECT session, run, key, headline, known, count
FROM unnest(%(session)s::bigint[], %(run)s::bigint[], %(key)s::text[], %(headline)s::text[], %(known)s::bool[],
    %(count)s::int[]) AS g (session, run, key, headline, known, count) ORDER BY session, run, key
ON CONFLICT (session_id, run_pk, key) DO UPDATE SET count = f.count + excluded.count,
    place_known = f.place_known AND excluded.place_known
RETURNING session_id, run_pk, key, headline, place_known, count
)
SELECT f.session_id, f.run_pk, f.key, f.count, one.keys AS one, (
    -- As it was before these ends: the statement does not see what it writes.
    SELECT coalesce(sum(kin.count), 0)::int FROM drain_sessionfingerprint kin
    WHERE kin.session_id = f.session_id AND kin.run_pk = f.run_pk AND kin.key <> f.key
      AND (kin.key = ANY(one.keys) OR kin.headline = f.headline AND f.headline <> ''
        AND NOT (kin.place_known AND f.place_known))) AS kin
FROM written f
LEFT JOIN LATERAL (SELECT {ONE_WITH.format(id="m.id")} AS keys FROM drain_fingerprint m WHERE m.key = f.key) one ON true
"""  # noqa: S608 - constants only
_TIERS = """
UPDATE drain_sessionrun r SET tier = g.tier, verdict_detail = g.detail
FROM unnest(%(session_runs)s::bigint[], %(tiers)s::text[], %(details)s::text[]) AS g (id, tier, detail)
WHERE r.id = g.id
"""
_STOP_RUN = """
UPDATE drain_sessionrun SET stop = %(stop)s::text, stop_detail = %(detail)s::text
WHERE id = %(session_run)s::bigint AND stop = ''
"""
# Also what ended after its run was stopped and would be offered again: a session would wait for it for ever.
_LEAVE_STOPPED = """
WITH stopped AS (
    UPDATE drain_sessionrun SET waiting = 0
    WHERE id = ANY(%(session_runs)s::bigint[]) RETURNING id, stop, stop_detail
)
UPDATE drain_candidate c SET status = 'excluded', reason = stopped.stop, detail = stopped.stop_detail
FROM stopped WHERE c.session_run_id = stopped.id AND c.status = 'waiting'
"""
# A failure that came too often: nothing tells which waiting phases would meet it but the cause they are known
# by, and where. Where what was tried of that met it and nothing of it completed, the rest is left alone.
_ALIKE = (
    "({run}.source_id, {run}.executor_id) IS NOT DISTINCT FROM (here.source_id, here.executor_id)"
)
_STOP_CAUSE = f"""
UPDATE drain_candidate c SET status = 'excluded', reason = 'fingerprint_stopped', detail = %(detail)s::text
FROM drain_run r, drain_run here
WHERE here.id = %(run)s::bigint AND r.id = c.run_id AND {_ALIKE.format(run="r")}
  AND c.session_id = %(session)s::bigint AND c.status = 'waiting' AND c.fingerprint = %(cause)s::text
  AND NOT EXISTS (SELECT FROM drain_candidate done JOIN drain_run d ON d.id = done.run_id
        WHERE done.session_id = %(session)s::bigint AND done.status = 'done' AND done.outcome = 'complete'
            AND done.fingerprint = %(cause)s::text AND {_ALIKE.format(run="d")})
RETURNING c.session_run_id
"""  # noqa: S608 - constants only


class CountedFailure(NamedTuple):
    """A failure as the repeat limits count it."""

    key: str
    """At the session's level."""
    headline: str
    """Empty where the key is all of it: then it is like no other."""
    place_known: bool

    def may_be(self, other: CountedFailure) -> bool:
        """Return whether both are, or may be, one."""
        if self.key == other.key:
            return True
        sure = self.place_known and other.place_known
        return bool(self.headline) and self.headline == other.headline and not sure


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt that was just booked as ended, as the rules see it."""

    attempt: int
    session: int
    session_run: int
    row: Row
    """Its run in the session, counted with all that were booked together: run, tier, timeouts, stop."""
    cause: str
    """The fingerprint of its phase in the plan."""
    ended: Ended
    failure: CountedFailure | None
    """Of what the repeat limits count; None when they do not count this end."""


@dataclass(slots=True)
class _Run:
    """One run in one session while its ends are judged."""

    session_run: int
    run: int
    tier: str
    stop: str
    tally: RunTally
    again: bool
    """True if one that ended now is offered again."""
    verdict: SampleVerdict | None = None
    reset: bool = False


@dataclass(slots=True)
class _Changes:
    """The writes that follow the judgement of all ends."""

    runs: dict[int, _Run]
    run_stops: list[tuple[int, StopCard]] = field(default_factory=list)
    cause_stops: list[tuple[int, int, str, StopCard]] = field(default_factory=list)
    """Session, run of the failure, what its phase was known by, card."""


def judge(
    finished: Sequence[Finished],
    books: dict[int, SessionBooks],
    contexts: dict[int, SessionContext],
) -> None:
    """Write what follows from attempts that were finished in this transaction, in this order."""
    if not finished:
        return
    changes = _Changes(_runs(finished))
    counts = _count(finished, changes.runs)
    for each in finished:
        _judge_one(each, books[each.session], contexts[each.session], changes, counts)
    _write(changes)


def _runs(finished: Sequence[Finished]) -> dict[int, _Run]:
    found = {each.session_run: each.row for each in finished}
    timed_out = Counter(each.session_run for each in finished if each.ended.outcome == "timeout")
    again = {each.session_run for each in finished if each.row["again"]}
    # The rows count these ends already; the rules want what was there before each.
    return {
        key: _Run(
            key,
            row["run"],
            row["tier"],
            row["stop"],
            RunTally(timeouts=row["timeouts"] - timed_out[key]),
            key in again,
        )
        for key, row in found.items()
    }


_Scope = tuple[int, int]
"""Session and run; run 0 is the session as a whole."""


@dataclass(slots=True)
class _Counts:
    """The numbers of failures and their like: before the ends that are judged now, and in those so far."""

    before: dict[tuple[int, int, str], int] = field(default_factory=dict)
    one: dict[str, frozenset[str]] = field(default_factory=dict)
    """The keys that count as one with a key, by merges."""
    judged: dict[_Scope, list[CountedFailure]] = field(default_factory=lambda: defaultdict(list))

    def seen(self, scope: _Scope, failure: CountedFailure | None) -> dict[str, int]:
        """Return the numbers by key, as the rules want them."""
        if failure is None:
            return {}
        one = self.one.get(failure.key, frozenset())
        since = sum(other.key in one or failure.may_be(other) for other in self.judged[scope])
        return {failure.key: self.before[(*scope, failure.key)] + since}

    def add(self, scopes: Iterable[_Scope], failure: CountedFailure | None) -> None:
        """Count one more of it."""
        if failure is not None:
            for scope in scopes:
                self.judged[scope].append(failure)


def _count(finished: Sequence[Finished], runs: dict[int, _Run]) -> _Counts:
    """Write how often each failure has come by now, by session and by run."""
    new: dict[tuple[int, int, str], list[CountedFailure]] = defaultdict(list)
    for each in finished:
        if each.failure is not None:
            for run in (0, runs[each.session_run].run):
                new[each.session, run, each.failure.key].append(each.failure)
    if not new:
        return _Counts()
    keys = sorted(new)
    session, run_pks, key = (list(column) for column in zip(*keys, strict=True))
    values = {
        "session": session,
        "run": run_pks,
        "key": key,
        "headline": [new[each][0].headline for each in keys],
        "known": [all(failure.place_known for failure in new[each]) for each in keys],
        "count": [len(new[each]) for each in keys],
    }
    counts = _Counts()
    for row in rows(_COUNT, values):
        at = row["session_id"], row["run_pk"], row["key"]
        counts.before[at] = row["count"] - len(new[at]) + row["kin"]
        counts.one[row["key"]] = frozenset(row["one"] or ())
    return counts


def _judge_one(
    each: Finished,
    books: SessionBooks,
    context: SessionContext,
    changes: _Changes,
    counts: _Counts,
) -> None:
    run = changes.runs[each.session_run]
    in_run, in_session = (each.session, run.run), (each.session, 0)
    judgement = judge_attempt(
        context.limits,
        with_repeats(run.tally, counts.seen(in_run, each.failure)),
        with_repeats(books.tally, counts.seen(in_session, each.failure)),
        each.ended,
        run_has_verdict=run.tier in _VERDICTS,
        plan_size=books.selected,
    )
    counts.add((in_run, in_session), each.failure)
    run.tally = with_repeats(judgement.run, {})
    books.set_tally(judgement.session)
    _note_verdict(run, judgement.verdict)
    if judgement.run_stop is not None:
        run.stop = run.stop or judgement.run_stop.rule.value
        changes.run_stops.append((run.session_run, judgement.run_stop))
    if judgement.fingerprint_stop is not None and not context.scope.force:
        changes.cause_stops.append((each.session, run.run, each.cause, judgement.fingerprint_stop))
    if judgement.session_stop is not None:
        books.stop(judgement.session_stop, each.attempt)


def _note_verdict(run: _Run, verdict: SampleVerdict | None) -> None:
    if verdict is not None:
        promising = verdict is SampleVerdict.PROMISING
        run.tier = RunTier.PROMISING if promising else RunTier.DEPRIORITISED
        run.verdict = verdict
    elif run.tier == RunTier.SAMPLING:
        # The attempt said nothing: the run's next phase is its sample.
        run.tier, run.reset = RunTier.UNSAMPLED, True


def _write(changes: _Changes) -> None:
    moved = [run for run in changes.runs.values() if run.verdict is not None or run.reset]
    if moved:
        values = {
            "session_runs": [run.session_run for run in moved],
            "tiers": [str(run.tier) for run in moved],
            "details": [run.verdict.value if run.verdict else "" for run in moved],
        }
        rows(_TIERS, values)
    for session_run, card in changes.run_stops:
        stop = RunStop(card.rule).exclusion.value
        rows(_STOP_RUN, {"session_run": session_run, "stop": stop, "detail": card.sentence})
    stopped = {session_run for session_run, _ in changes.run_stops}
    stopped |= {run.session_run for run in changes.runs.values() if run.stop and run.again}
    if stopped:
        rows(_LEAVE_STOPPED, {"session_runs": sorted(stopped)})
    for session, run, cause, card in changes.cause_stops:
        detail = f"fingerprint {card.key}"
        values = {"session": session, "run": run, "cause": cause, "detail": detail}
        refresh_runs(dict(Counter(left["session_run_id"] for left in rows(_STOP_CAUSE, values))))


def drop_sample(
    books: SessionBooks, context: SessionContext, positions: Iterable[int | None]
) -> None:
    """Phases left the plan without an attempt; those of the session's sample cannot pass any more."""
    sample = context.limits.sample or 0
    for position in positions:
        if position is None or position > sample:
            continue
        books.set_tally(books.tally.sample_dropped())
        card = judge_sample(context.limits, books.tally, books.selected)
        if card is not None:
            books.stop(card)


def judgement_key(level: str, key: str, coarse: str, fine: str) -> str:
    """The key at the session's level, which the repeat limits count."""
    return {"key": key, "coarse": coarse, "fine": fine}[level]
