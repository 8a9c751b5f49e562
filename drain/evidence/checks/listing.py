"""Checks as pages and commands list them: what they find now, and how that changed."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.db.sql import rows
from drain.evidence.checks.evidence import ground_of
from drain.evidence.checks.run import judge_on
from drain.evidence.comparison.compare import Comparison
from drain.evidence.comparison.question import ComparisonRequest
from drain.evidence.fixes.kept import Judgement
from drain.evidence.fixes.status import Judged
from drain.models import Check, FixMarker
from drain.models.vocabulary import CheckVerdict

MOST = 20
"""Checks that are judged or listed at once."""
REMEMBERED = 10
_ORDER = {CheckVerdict.FAIL: 0, CheckVerdict.NOT_ENOUGH_DATA: 1, CheckVerdict.PASS: 2}

_HISTORY = f"""
SELECT c.id AS check, r.id, r.verdict, r.sentence, r.observed, r.at FROM drain_check c CROSS JOIN LATERAL (
    SELECT id, verdict, sentence, observed, at FROM drain_checkresult
    WHERE check_run_id = c.id AND session_id IS NULL ORDER BY id DESC LIMIT {REMEMBERED}
) r WHERE c.id = ANY(%(checks)s::bigint[]) ORDER BY r.id
"""  # noqa: S608 - a number of ours


@dataclass(frozen=True, slots=True)
class Remembered:
    """A finding of maintenance, with its time."""

    verdict: str
    sentence: str
    observed: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check with its verdict, the numbers behind it, and its newest history, oldest first."""

    check: Check
    judged: Judged
    observed: dict[str, Any]
    history: tuple[Remembered, ...]


def checks_of_marker(
    marker: FixMarker, found: ComparisonRequest, result: Comparison
) -> list[CheckLine]:
    """The enabled checks of a fix, judged on what was compared; failures first, then the undecided."""
    return judged_lines(enabled_checks(marker=marker), found, result)


def judged_lines(
    checks: Collection[Check],
    found: ComparisonRequest,
    result: Comparison,
    fix: Judgement | None = None,
) -> list[CheckLine]:
    """These checks, judged on what was compared; failures first, then the undecided.

    Where maintenance kept the verdict on the fix, it kept what it found of the checks that it judges as well.
    """
    ground = ground_of(found, result)
    if fix is not None:
        known = fix
        ground.judge_fix = lambda _: known
    history = _history([check.pk for check in checks])
    lines = []
    for check in checks:
        earlier = history.get(check.pk, ())
        if fix is not None and fix.kept and check.every_minutes is not None:
            lines.append(_remembered(check, earlier))
            continue
        verdict = judge_on(check, ground)
        judged = Judged(verdict.verdict.value, verdict.sentence)
        lines.append(CheckLine(check, judged, verdict.observed, earlier))
    return sorted(lines, key=_rank)


def fleet_checks() -> list[CheckLine]:
    """The enabled checks of the fleet with what maintenance found last; failures first."""
    checks = enabled_checks(marker=None, session=None, every_minutes__isnull=False)
    history = _history([check.pk for check in checks])
    return sorted((_remembered(check, history.get(check.pk, ())) for check in checks), key=_rank)


def enabled_checks(**fields: Any) -> list[Check]:
    """At most MOST enabled checks with these fields, the oldest first."""
    found = Check.objects.filter(enabled=True, **fields)
    return list(found.select_related("fingerprint").order_by("pk")[:MOST])


def _remembered(check: Check, history: tuple[Remembered, ...]) -> CheckLine:
    if not history:
        judged = Judged(CheckVerdict.NOT_ENOUGH_DATA.value, "Maintenance has not judged it yet.")
        return CheckLine(check, judged, {}, ())
    last = history[-1]
    return CheckLine(check, Judged(last.verdict, last.sentence), last.observed, history)


def _history(checks: Collection[int]) -> dict[int, tuple[Remembered, ...]]:
    found: dict[int, tuple[Remembered, ...]] = {}
    for item in rows(_HISTORY, {"checks": list(checks)}) if checks else ():
        observed = json.loads(item["observed"])
        one = Remembered(item["verdict"], item["sentence"], observed, item["at"])
        found[item["check"]] = (*found.get(item["check"], ()), one)
    return found


def _rank(line: CheckLine) -> tuple[int, int]:
    return _ORDER[CheckVerdict(line.judged.verdict)], line.check.pk
