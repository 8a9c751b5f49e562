"""The sentences of a report, in plain text: each format escapes them its own way.

No rate stands without its n, and what is not known is said to be not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drain.evidence.comparison.compare import CauseChanges
from drain.evidence.comparison.figures import Rate, Yield
from drain.evidence.fingerprints.aliases import FingerprintSummary
from drain.evidence.report.build import Report
from drain.evidence.statistics.yields import yields_more
from drain.policy.reasons import ExclusionReason
from drain.policy.stopping.limits import Limits
from drain.policy.words import NOTHING, agrees, counted, zero_yield

MARKS = {"pass": "✅", "fail": "❌", "not_enough_data": "⚠️"}
_DROPPED = frozenset(reason.value for reason in ExclusionReason)
_UNTRIED = (
    "waiting",
    *(
        reason.value
        for reason in (
            ExclusionReason.FINGERPRINT_STOPPED,
            ExclusionReason.RUN_STOPPED,
            ExclusionReason.RUN_TIMEOUTS,
        )
    ),
)
TELEMETRY = ["Run", "Phase", "State", "Events in all", "In this drain", "Attempts", "Minutes"]
NO_FIX = (
    "No fix that concerns this drain was in before it ended: add one with manage.py marker add."
)


def rate(found: Rate) -> str:
    """12 of 20 (60.0 %, 95 % interval 38.7 to 78.1)."""
    if found.interval is None:
        return "no attempt that counts (n 0)"
    value, low, high = (
        share * 100 for share in (found.interval.value, found.interval.low, found.interval.high)
    )
    return f"{found.complete} of {found.n} ({value:.1f} %, 95 % interval {low:.1f} to {high:.1f})"


def telemetry(found: Yield) -> str:
    """Events with their attempts, rate per attempt-minute, median and p90 per attempt; no rate of none."""
    if not found.events or found.per_minute is None or found.median is None or found.p90 is None:
        return f"{counted(found.events, 'event')} (n {counted(found.attempts, 'attempt')})"
    span = ""
    if found.bounds is not None:
        span = f" (95 % interval {found.bounds.low:.2f} to {found.bounds.high:.2f})"
    return (
        f"{counted(found.events, 'event')} from {found.with_events} of {counted(found.attempts, 'attempt')}; "
        f"{found.per_minute:.2f} per attempt-minute{span}; "
        f"per attempt median {found.median:g}, p90 {found.p90:g}"
    )


def end(outcome: str, cause: FingerprintSummary | None) -> str:
    """An outcome, with its cause when it failed."""
    return outcome if cause is None else f"{outcome}: {cause.title}"


def pairs_text(pairs: Mapping[str, object]) -> str:
    """a 1, b 2."""
    return ", ".join(f"{name} {value}" for name, value in pairs.items())


def summary(report: Report) -> str:
    """Return two sentences: the phases that went in, and their results."""
    after = report.comparison.after
    outcomes = pairs_text(after.outcomes) or "none"
    stop = f" {report.stop_sentence}" if report.stop_sentence else ""
    return (
        f"{report.session.selected} of {counted(report.session.total_failed, 'failed phase')} {agrees(report.session.selected, 'was', 'were')} selected; "
        f"{counted(after.attempts, 'attempt')} on {counted(after.phases, 'phase')} ended ({outcomes}).{stop}"
    )


def expected(report: Report) -> str:
    """Return the drain's task in a sentence."""
    session = report.session
    return f"Drain {session.selected} of {counted(session.total_failed, 'failed phase')} of {_scope(session.scope)}."


def _scope(scope: Mapping[str, Any]) -> str:
    """Return the runs, phases and fingerprints that a drain was asked for, in words."""
    said = ", ".join(scope.get("run_ids") or []) or "all runs"
    if scope.get("phases"):
        said = f"the {len(scope['phases'])} that were chosen"
    if scope.get("phase") is not None:
        said = "the one that was named"
    if scope.get("sources"):
        said += f" from {', '.join(scope['sources'])}"
    if scope.get("fingerprints"):
        said += f", by {', '.join(scope['fingerprints'])}"
    if scope.get("skip_run_prefixes"):
        said += f", but runs that begin with {', '.join(scope['skip_run_prefixes'])}"
    return said


def actual(report: Report) -> str:
    """Return the drain's results in a sentence."""
    after = report.comparison.after
    became = f" Of the selected: {pairs_text(report.became)}." if report.became else ""
    return f"{counted(after.attempts, 'attempt')} on {counted(after.phases, 'phase')}; completed {rate(after.rate)}.{became}"


def root_cause(report: Report) -> str:
    """Return the reasons for no more:
    the stop, the largest line of exclusions, and the phases dropped on the way.
    """
    excluded = [line for line in report.ledger if line.line != "selected" and line.phases]
    parts = [report.stop_sentence] if report.stop_sentence else []
    if excluded:
        most = max(excluded, key=lambda line: line.phases)
        parts.append(
            f"{counted(most.phases, 'phase')} {agrees(most.phases, 'was', 'were')} left out as {most.line}: {most.sentence}"
        )
    for reason, count in report.became.items():
        if reason in _DROPPED:
            parts.append(f"Of the selected, {count} {reason}: {ExclusionReason(reason).sentence}")
    return " ".join(parts) or "Every selected phase was run and none was left out."


def goals(report: Report) -> list[tuple[str, str, str]]:
    """The goals of a remediation, each with a mark and what the data says.

    Phases are tried again because they had failed: that more of them complete, bring telemetry and fail
    otherwise than before is met by itself. So a goal is met only where the verdict on the fixes says that
    they work.
    """
    change, causes = report.comparison.difference, report.comparison.causes
    rose = change.interval is not None and change.interval.low > 0 and not change.doubt
    back = bool(causes.regressed or causes.still)
    unknown = causes.may_be or causes.replaced or causes.untried
    stays_away = bool(causes.gone) and not unknown
    return [
        (
            "Higher completion rate",
            _mark(report, met=rose, missed=change.verdict == "worse"),
            change.sentence,
        ),
        ("Higher telemetry yield", _yield_mark(report), telemetry_answer(report)),
        (
            "Reduced error fingerprint recurrence", _mark(report, met=stays_away, missed=back),
            recurred(causes),
        ),
    ]  # fmt: skip


def _mark(report: Report, *, met: bool, missed: bool) -> str:
    """Green only under the green status of a report, which is that of its fixes."""
    if missed:
        return MARKS["fail"]
    return MARKS["pass" if met and report.status[0] == MARKS["pass"] else "not_enough_data"]


def recurred(causes: CauseChanges) -> str:
    """Return how many fingerprints were not seen again, are still there, new, regressed or unknown."""
    found = (
        f"{len(causes.gone)} not seen again, {len(causes.still)} still there, {len(causes.new)} new, "
        f"{len(causes.regressed)} regressed"
    )
    unknown = (
        (causes.may_be, "may be still there"),
        (causes.replaced, "replaced by another failure"),
        (causes.untried, "not tried again"),
    )
    return found + "".join(f", {len(group)} {word}" for group, word in unknown if group)


def _has_telemetry(report: Report) -> bool:
    """Return whether any attempt of either side brought an event; most pipelines know none."""
    sides = (report.comparison.before, report.comparison.after)
    return any(side.telemetry.events for side in sides)


def _yield_mark(report: Report) -> str:
    if not _has_telemetry(report):
        return NOTHING
    before, after = report.comparison.before.telemetry.flow, report.comparison.after.telemetry.flow
    return _mark(report, met=yields_more(after, before), missed=yields_more(before, after))


def actual_results(report: Report) -> list[tuple[str, str]]:
    """Measures with their values."""
    after = report.comparison.after
    reasons = pairs_text({zero_yield(name): n for name, n in after.zero_yield.items()}) or "none"
    return [
        ("Phases run", str(after.phases)),
        ("Attempts ended", str(after.attempts)),
        ("Outcomes", pairs_text(after.outcomes) or "none"),
        ("Telemetry records collected", str(after.telemetry.events)),
        ("Completion rate", rate(after.rate)),
        *_rate_before(report),
        *(
            [
                ("Telemetry yield", telemetry(after.telemetry)),
                ("Attempts without telemetry, by reason", reasons),
            ]
            if _has_telemetry(report)
            else []
        ),
    ]


def _rate_before(report: Report) -> list[tuple[str, str]]:
    """Return the rate before; of phases tried again because they had failed it is 0 by construction."""
    if report.comparison.difference.selected:
        return []
    return [("Completion rate before", rate(report.comparison.before.rate))]


def states(report: Report) -> list[tuple[str, int, int]]:
    """State, before, after."""
    names = sorted({*report.before, *report.after})
    return [(name, report.before.get(name, 0), report.after.get(name, 0)) for name in names]


def completion_answer(report: Report) -> str:
    """Answer to the first verification step."""
    after = report.comparison.after.rate
    return f"Completed {rate(after)}. {report.comparison.difference.sentence}"


def telemetry_answer(report: Report) -> str:
    """Answer to the second."""
    if not _has_telemetry(report):
        return "No phase of this drain brought telemetry, in it or before it: there is nothing to compare."
    before, after = report.comparison.before.telemetry, report.comparison.after.telemetry
    return f"In this drain {telemetry(after)}. Before: {telemetry(before)}."


def cause_lines(report: Report) -> list[tuple[str, str, int]]:
    """Return the status of each fingerprint, its title and its failed attempts."""
    changes = report.comparison.causes
    groups = (
        ("regressed", changes.regressed),
        ("still there", changes.still),
        ("new", changes.new),
        ("may be still there", changes.may_be),
        ("not seen again", changes.gone),
        ("replaced by another failure", changes.replaced),
        ("not tried again", changes.untried),
    )
    return [(name, cause.title, cause.attempts) for name, group in groups for cause in group][:100]


def causes_answer(report: Report) -> str:
    """Answer to the third."""
    return f"Fingerprints against before: {goals(report)[2][2]} (n {counted(report.comparison.after.attempts, 'attempt')})."


def guards_answer(report: Report) -> str:
    """Answer to the fourth."""
    if not report.guards:
        return (
            "No known-bad guard is defined; the fingerprints that were drained are offered below."
        )
    bad = sum(guard.verdict == "fail" for guard in report.guards)
    open_ = sum(guard.verdict == "not_enough_data" for guard in report.guards)
    undecided = f"; of {open_} too few were tried again to say so" if open_ else ""
    return f"{bad} of {len(report.guards)} known-bad patterns were met{undecided}."


def settings(report: Report) -> list[tuple[str, str]]:
    """Limits and scope as they were set; what is not set is left out."""
    session = report.session
    parts = {"parallel": session.parallel, **session.limits, **session.scope}
    # Nobody sets the window: it belongs to a failure rate, which is taken over half a batch at most.
    if session.limits.get("max_failure_rate") is None:
        parts.pop("failure_rate_window", None)
    else:
        parts["failure_rate_window"] = Limits.from_json(session.limits).breaker_window
    return [
        (name, str(value)) for name, value in parts.items() if value not in (None, [], "", False)
    ]


def stopped_early(report: Report) -> str:
    """Return the sentence of an early end, with the phases that were not tried; empty for a whole drain."""
    untried = sum(report.became.get(name, 0) for name in _UNTRIED)
    if report.live or not untried or not (report.session.stop_reason or report.stops):
        return ""
    why = f": {report.stop_sentence.rstrip('.')}" if report.stop_sentence else ""
    return (
        f"This drain stopped early{why}. Not tried, and no part of the verdict: "
        f"{untried} of its {counted(report.session.selected, 'planned phase')}."
    )
