"""Checks: what a session, a fix or the fleet must show, each with a verdict and the evidence for it.

A check belongs to one session, to a fix marker (then only attempts started after the fix count), or to
all sessions. With `every_minutes` maintenance judges it as well (drain.evidence.checks.schedule): one of a
marker over everything since the fix, one of neither over the last hours of the fleet. A known-bad guard
("no ModuleNotFoundError: coverage_tracker") is a check of kind no_pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from drain.evidence.checks.evidence import Ground, ground_in_session
from drain.evidence.checks.matching import (
    Mark,
    PatternError,
    mark_of_keys,
    mark_of_pattern,
    matching,
)
from drain.evidence.checks.verdicts import (
    Verdict,
    better_than_before,
    fix_works,
    none_in_state,
    none_of,
    rate_at_least,
    stayed_away,
    yield_at_least,
)
from drain.evidence.comparison.compare import Comparison
from drain.evidence.fingerprints.identity import relatives
from drain.evidence.fixes.kept import JudgeFix, judged_now
from drain.evidence.fixes.scope import concerns
from drain.models import Check, CheckResult, DrainSession
from drain.models.vocabulary import CheckKind, CheckVerdict


def run_checks(session: DrainSession, now: datetime) -> list[CheckResult]:
    """Judge every enabled check that concerns the session, and store what was found."""
    judged = judge_all(session)
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
    """Enabled checks of this session, of fixes before its end that concern it, and of all sessions."""
    end = session.ended_at
    marked = Q(marker__isnull=False) if end is None else Q(marker__applied_at__lt=end)
    everywhere = Q(session__isnull=True, marker__isnull=True, every_minutes__isnull=True)
    checks = Check.objects.filter(Q(session=session) | marked | everywhere, enabled=True)
    found = list(checks.select_related("marker", "fingerprint").order_by("pk"))
    markers = {check.marker for check in found if check.marker is not None}
    apart = {marker.pk for marker in markers if not concerns(marker, session)}
    return [check for check in found if check.marker_id not in apart]


def judge_all(
    session: DrainSession, known: Comparison | None = None, judge_fix: JudgeFix = judged_now
) -> list[tuple[Check, Verdict]]:
    """The verdict on every check that concerns the session; stores nothing.

    Checks that look at the same attempts share what was read. `known` is before the session against the
    session, where somebody compared them already.
    """
    grounds: dict[int | None, Ground] = {}
    judged = []
    for check in checks_of(session):
        ground = grounds.setdefault(check.marker_id, ground_in_session(check, session, known))
        ground.judge_fix = judge_fix
        judged.append((check, judge_on(check, ground)))
    return judged


def judge(check: Check, session: DrainSession) -> Verdict:
    """The verdict on one check in one session; stores nothing."""
    return judge_on(check, ground_in_session(check, session))


def judge_on(check: Check, ground: Ground) -> Verdict:
    """The verdict on one check over any two sides; stores nothing."""
    try:
        return _JUDGES[CheckKind(check.kind)](check, ground)
    except PatternError as error:
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, str(error), {"pattern": check.pattern})


def _no_fingerprint(check: Check, ground: Ground) -> Verdict:
    if check.fingerprint is None:
        sentence = "The check names no fingerprint: choose one."
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, sentence)
    found = relatives([check.fingerprint.key])
    what = f"failed with “{check.fingerprint.title}”"
    if found.possible:
        what += " or with what may be it"
    return _stayed_away(what, mark_of_keys(found.all), ground)


def _no_pattern(check: Check, ground: Ground) -> Verdict:
    mark = mark_of_pattern(check.pattern)
    return _stayed_away(f"failed with “{check.pattern}” in their error", mark, ground)


def _stayed_away(what: str, mark: Mark, ground: Ground) -> Verdict:
    # What was lost, put off or skipped could not have shown it.
    among = f"(a.outcome = ANY(%(judged)s::text[]) OR {mark.attempt})"
    found = matching(ground.after, mark, among, runs=ground.fleet)
    again = None if found.matching else ground.again(mark)
    return stayed_away(what, found, again, lambda: ground.not_done(mark))


def _completion_rate(check: Check, ground: Ground) -> Verdict:
    found = ground.figures_after
    return rate_at_least(found.rate, found.spread, check.threshold or 0.0)


def _rate_not_worse(check: Check, ground: Ground) -> Verdict:
    if check.marker is not None:
        return fix_works(ground.judge_fix(check.marker).verdict)
    return better_than_before(ground.change, ground.not_done)


def _yield(check: Check, ground: Ground) -> Verdict:
    return yield_at_least(ground.figures_after.telemetry, check.threshold or 0.0)


def _no_state(check: Check, ground: Ground) -> Verdict:
    total, found, named = ground.in_state(check.state)
    return none_in_state(check.state, total, named, found)


def _no_unknown(_check: Check, ground: Ground) -> Verdict:
    unknown = "a.outcome = ANY(%(failures)s) AND a.failure_category IN ('', 'unknown')"
    found = matching(ground.after, Mark(unknown, "", {}))
    return none_of("attempts failed with an unknown error", found, "No attempt ended")


def _logs_kept(_check: Check, ground: Ground) -> Verdict:
    """An attempt that printed nothing has nothing to keep, but a lost one lost what it printed."""
    missing = Mark("a.log_name = '' AND a.log_inline IS NULL", "", {})
    found = matching(ground.after, missing, "(a.log_bytes > 0 OR a.outcome = 'lost')")
    what = "attempts that printed something or were lost have no log"
    return none_of(what, found, "No attempt printed anything")


_JUDGES: dict[CheckKind, Callable[[Check, Ground], Verdict]] = {
    CheckKind.NO_FINGERPRINT: _no_fingerprint,
    CheckKind.NO_PATTERN: _no_pattern,
    CheckKind.COMPLETION_RATE: _completion_rate,
    CheckKind.RATE_NOT_WORSE: _rate_not_worse,
    CheckKind.YIELD: _yield,
    CheckKind.NO_STATE: _no_state,
    CheckKind.NO_UNKNOWN: _no_unknown,
    CheckKind.LOGS_KEPT: _logs_kept,
}
