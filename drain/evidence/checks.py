"""Checks: what a session must show, each with a verdict and the evidence for it.

A check belongs to one session, to a fix marker (then only attempts started after the fix count), or to
all sessions. A known-bad guard ("no ModuleNotFoundError: coverage_tracker") is a check of kind
no_pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from drain.evidence.causes import family
from drain.evidence.comparison import difference
from drain.evidence.matching import MOST_NAMED, PatternError, matching, matching_pattern
from drain.evidence.pairs import pairs
from drain.evidence.sides import Side, around_marker, before_session, figures, of_session
from drain.evidence.sql import rows
from drain.evidence.verdicts import (
    Verdict,
    better_than_before,
    none_in_state,
    nothing_of,
    rate_at_least,
    yield_at_least,
)
from drain.models import Check, CheckResult, DrainSession
from drain.models.vocabulary import CheckKind, CheckVerdict

_SESSION_PHASES = """
FROM drain_phase p WHERE p.id IN (SELECT phase_id FROM drain_candidate WHERE session_id = %(session)s)
"""


def run_checks(session: DrainSession, now: datetime) -> list[CheckResult]:
    """Judge every enabled check that concerns the session, and store what was found."""
    judged = [(check, judge(check, session)) for check in checks_of(session)]
    with transaction.atomic():
        return [
            CheckResult.objects.create(
                check_run=check,
                session=session,
                verdict=verdict.verdict,
                sentence=verdict.sentence,
                observed=verdict.observed,
                at=now,
            )
            for check, verdict in judged
        ]


def checks_of(session: DrainSession) -> list[Check]:
    """Enabled checks of this session, of markers before its end, and of all sessions."""
    end = session.ended_at
    marked = Q(marker__isnull=False) if end is None else Q(marker__applied_at__lt=end)
    everywhere = Q(session__isnull=True, marker__isnull=True)
    found = Check.objects.filter(Q(session=session) | marked | everywhere, enabled=True)
    return list(found.select_related("marker", "fingerprint").order_by("pk"))


def judge(check: Check, session: DrainSession) -> Verdict:
    """The verdict on one check in one session; stores nothing."""
    try:
        return _JUDGES[CheckKind(check.kind)](check, session)
    except PatternError as error:
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, str(error), {"pattern": check.pattern})


def _sides(check: Check, session: DrainSession) -> tuple[Side, Side]:
    """Before and after: around the check's marker, else before the session and in it."""
    if check.marker is None:
        return before_session(session), of_session(session)
    before, after = around_marker(check.marker)
    return before, replace(after, session=session.pk)


def _no_fingerprint(check: Check, session: DrainSession) -> Verdict:
    if check.fingerprint is None:
        sentence = "The check names no fingerprint: choose one."
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, sentence)
    keys = {"keys": family([check.fingerprint.key])}
    condition = "a.outcome = ANY(%(failures)s) AND a.fingerprint = ANY(%(keys)s::text[])"
    found = matching(_sides(check, session)[1], condition, keys)
    return nothing_of(f"failed with “{check.fingerprint.title}”", found)


def _no_pattern(check: Check, session: DrainSession) -> Verdict:
    found = matching_pattern(_sides(check, session)[1], check.pattern)
    return nothing_of(f"failed with “{check.pattern}” in their error", found)


def _completion_rate(check: Check, session: DrainSession) -> Verdict:
    return rate_at_least(figures(_sides(check, session)[1]).rate, check.threshold or 0.0)


def _rate_not_worse(check: Check, session: DrainSession) -> Verdict:
    before, after = _sides(check, session)
    rates = figures(before).rate, figures(after).rate
    return better_than_before(difference(*rates, pairs(before, after)))


def _yield(check: Check, session: DrainSession) -> Verdict:
    return yield_at_least(figures(_sides(check, session)[1]).telemetry, check.threshold or 0.0)


def _no_state(check: Check, session: DrainSession) -> Verdict:
    values = {"session": session.pk, "state": check.state}
    phases = rows(f"SELECT p.id {_SESSION_PHASES} AND p.state = %(state)s ORDER BY p.id", values)
    total = rows(f"SELECT count(*)::int AS n {_SESSION_PHASES}", values)[0]["n"]
    named = [item["id"] for item in phases[:MOST_NAMED]]
    return none_in_state(check.state, total, named, len(phases))


def _no_unknown(check: Check, session: DrainSession) -> Verdict:
    condition = "a.outcome = ANY(%(failures)s) AND a.failure_category IN ('', 'unknown')"
    found = matching(_sides(check, session)[1], condition, {})
    return nothing_of("failed with an unknown error", found)


def _logs_kept(check: Check, session: DrainSession) -> Verdict:
    """An attempt that printed nothing has nothing to keep, but a lost one lost what it printed."""
    condition = (
        "a.log_name = '' AND a.log_inline IS NULL AND (a.log_bytes > 0 OR a.outcome = 'lost')"
    )
    return nothing_of("have no log", matching(_sides(check, session)[1], condition, {}))


_JUDGES: dict[CheckKind, Callable[[Check, DrainSession], Verdict]] = {
    CheckKind.NO_FINGERPRINT: _no_fingerprint,
    CheckKind.NO_PATTERN: _no_pattern,
    CheckKind.COMPLETION_RATE: _completion_rate,
    CheckKind.RATE_NOT_WORSE: _rate_not_worse,
    CheckKind.YIELD: _yield,
    CheckKind.NO_STATE: _no_state,
    CheckKind.NO_UNKNOWN: _no_unknown,
    CheckKind.LOGS_KEPT: _logs_kept,
}
