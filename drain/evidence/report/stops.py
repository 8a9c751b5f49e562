"""Stops of a drain or a part of it: one card for every rule that tripped, with its next steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drain.db.sql import rows
from drain.models import DrainSession
from drain.policy.actions import Action, ActionSubject, after_stop
from drain.policy.argv import same_again
from drain.policy.reasons import ExclusionReason, RunStop, StopReason
from drain.policy.stopping.stops import StopRule

NAMED = 20
"""Runs that a card names."""

_RUN_STOPS = """
SELECT s.stop AS rule, min(s.stop_detail) AS sentence, count(*)::int AS runs,
    (array_agg(r.run_id ORDER BY s.id))[1:%(named)s] AS named, sum(s.waiting)::int AS waiting
FROM drain_sessionrun s JOIN drain_run r ON r.id = s.run_id
WHERE s.session_id = %(session)s AND s.stop <> '' GROUP BY 1 ORDER BY 1
"""
# The failure that came too often, which is not always what the phases that it left out were known by.
_CAUSE_STOPS = """
SELECT key, phases, runs, named, coalesce((
    SELECT sum(s.count) FROM drain_sessionfingerprint s
    WHERE s.session_id = %(session)s AND s.run_pk = 0 AND s.key = found.key)::text, '') AS observed
FROM (
    SELECT coalesce(substring(c.detail FROM '^fingerprint (.+)$'), c.fingerprint) AS key, count(*)::int AS phases,
        count(DISTINCT c.run_id)::int AS runs, (array_agg(DISTINCT r.run_id))[1:%(named)s] AS named
    FROM drain_candidate c JOIN drain_run r ON r.id = c.run_id
    WHERE c.session_id = %(session)s AND c.reason = 'fingerprint_stopped'
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(named)s
) found
"""
_NOT_RUN = """
SELECT reason, count(*)::int AS n FROM drain_candidate
WHERE session_id = %(session)s AND planned_position IS NOT NULL AND status = 'excluded' GROUP BY 1
"""
# A phase to try must be one that can be tried: still failed.
# The one that tripped the rule comes before the others.
_FAILED = """
SELECT r.run_id, p.phase_id FROM (
    SELECT phase_id, -1 AS place FROM drain_attempt WHERE id = %(attempt)s
    UNION ALL SELECT phase_id, planned_position FROM drain_candidate WHERE session_id = %(session)s
) c JOIN drain_phase p ON p.id = c.phase_id JOIN drain_run r ON r.id = p.run_id
WHERE p.state = 'FAILED'
    AND (%(run)s::text IS NULL OR r.run_id = %(run)s) AND (c.place = -1 OR %(key)s = '' OR p.last_fingerprint = %(key)s)
ORDER BY c.place NULLS LAST, p.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """A rule that tripped: what it saw, whom it left out, and the safe ways on."""

    rule: str
    sentence: str
    limit: str
    observed: str
    key: str
    runs: tuple[str, ...]
    """At most NAMED of them."""
    run_count: int
    not_run: int
    """Selected phases that it kept from being tried."""
    actions: tuple[Action, ...]


def stops_of(session: DrainSession) -> tuple[Stop, ...]:
    """The session's own stop first, then causes, then runs."""
    values = {"session": session.pk, "named": NAMED}
    left_out = {item["reason"]: item["n"] for item in rows(_NOT_RUN, values)}
    found = [] if not session.stop_reason else [_of_session(session, left_out)]
    for item in rows(_CAUSE_STOPS, values):
        rule = ExclusionReason.FINGERPRINT_STOPPED
        found.append(
            Stop(
                rule.value, rule.sentence, _limit(session, "max_session_fingerprint_repeats"),
                item["observed"], item["key"], tuple(item["named"]), item["runs"], item["phases"],
                _actions(session, rule, item["key"]),
            )
        )  # fmt: skip
    for item in rows(_RUN_STOPS, values):
        rule = ExclusionReason(item["rule"])
        name = (
            "max_timeouts_per_run"
            if rule is ExclusionReason.RUN_TIMEOUTS
            else "max_fingerprint_repeats"
        )
        found.append(
            Stop(
                # The sentence of one run does not speak for others.
                rule.value, item["sentence"] if item["runs"] == 1 and item["sentence"] else rule.sentence,
                _limit(session, name), "", "",
                tuple(item["named"]), item["runs"], left_out.get(rule.value, 0) + item["waiting"],
                _actions(session, rule, "", item["named"][0]),
            )
        )  # fmt: skip
    return tuple(found)


def _of_session(session: DrainSession, left_out: dict[str, int]) -> Stop:
    card = session.stop_card
    rule = _rule(card.get("rule") or session.stop_reason)
    sentence = card.get("sentence") or (rule.sentence if isinstance(rule, StopReason) else "")
    return Stop(
        session.stop_reason, str(sentence or session.stop_reason), _stored(card, "limit"),
        _stored(card, "observed"), str(card.get("key") or ""), (), 0,
        left_out.get(session.stop_reason, 0),
        _actions(session, rule, str(card.get("key") or "")) if rule else (),
    )  # fmt: skip


def _stored(card: dict[str, Any], name: str) -> str:
    """A value of the card as text; none of a sample that passed is 0, and not missing."""
    value = card.get(name)
    return "" if value is None else str(value)


def _rule(name: str) -> StopRule | None:
    for rules in (StopReason, RunStop, ExclusionReason):
        if name in set(rules):
            return rules(name)
    return None


def _limit(session: DrainSession, name: str) -> str:
    value = session.limits.get(name)
    return "" if value is None else str(value)


def _actions(
    session: DrainSession, rule: StopRule, key: str, run: str | None = None
) -> tuple[Action, ...]:
    """Return the next steps; a command about a phase,
    a run or a fingerprint is left out where there is none to name.
    """
    values: dict[str, Any] = {
        "session": session.pk, "run": run, "key": key, "attempt": session.stop_attempt_id,
    }  # fmt: skip
    (failed,) = rows(_FAILED, values) or [{"run_id": run or "", "phase_id": ""}]
    subject = ActionSubject(
        session=str(session.pk), run_id=failed["run_id"], phase_id=failed["phase_id"], key=key,
        again=same_again(session.scope, session.limits),
    )  # fmt: skip
    return tuple(action for action in after_stop(rule, subject) if "" not in action.argv)
