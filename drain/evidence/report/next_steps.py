"""Sentences of a report on the rest, the reason of the stop and the next steps, in plain text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from drain.evidence.report.build import Report
from drain.evidence.report.sentences import MARKS
from drain.policy.command_lines import manage_line, option
from drain.policy.words import counted

MOST_OFFERED = 10
STOPS = ["Rule", "Why", "Limit", "Observed", "Runs", "Fingerprint", "Not run"]


def actions(report: Report) -> list[tuple[str, str, str]]:
    """Title, risk and command of what can safely be done next; a command runs as it is pasted."""
    found = [(action.label, action.risk, command(action.argv)) for action in report.actions]
    failed, waiting = report.left.failed_total, report.left.waiting_total
    if failed:
        runs = [
            word
            for run in report.session.scope.get("run_ids") or []
            for word in option("--run-id", run)
        ]
        title = f"See what would become of the {failed} still failed"
        found.append((title, "Changes nothing.", command(("drain", "--dry-run", *runs))))
    if waiting:
        title = f"See the {waiting} that are queued or working, and since when"
        found.append((title, "Changes nothing.", command(("queued",))))
    return found or [
        (
            "Nothing is left to do",
            "No phase of these runs is failed, queued or working.",
            command(("report", "latest")),
        )
    ]


def command(argv: Iterable[str]) -> str:
    """A command line of `manage.py` that a shell takes word for word."""
    return manage_line(*argv)


def offered(report: Report) -> list[tuple[str, str, str]]:
    """Known-bad patterns that the drained causes suggest: the pattern, a mark, what became of it."""
    changes = report.comparison.causes
    again = {cause.key for cause in (*changes.still, *changes.regressed)}
    guarded = {guard.name for guard in report.guards}
    found = []
    for key, (title, tried, failed, completed) in _retried(report).items():
        if f"No {title}" in guarded:
            continue
        said = f"{failed} of {counted(tried, 'phase')} that had failed this way failed this way again, {completed} completed"
        mark = MARKS["fail"] if failed or key in again else MARKS["not_enough_data"]
        found.append((title, mark, f"{said}." if failed else f"{said}: offered as a guard."))
    return found[:MOST_OFFERED]


def _retried(report: Report) -> dict[str, tuple[str, int, int, int]]:
    """Causes of phases that were tried in the drain:
    title, phases tried, those that failed so or maybe so again, those that completed.
    """
    found: dict[str, tuple[str, int, int, int]] = {}
    for move in report.comparison.pairs.moves:
        if move.was_cause is None or move.became == "lost":
            continue
        same = move.may_be_same or move.became_cause == move.was_cause
        title, tried, failed, completed = found.get(
            move.was_cause.key, (move.was_cause.title, 0, 0, 0)
        )
        found[move.was_cause.key] = (
            title,
            tried + move.phases,
            failed + move.phases * same,
            completed + move.phases * (move.became == "complete"),
        )
    return found


def stop_lines(report: Report) -> list[tuple[str, ...]]:
    """A line for each rule that tripped."""
    return [
        (
            stop.rule, stop.sentence, stop.limit, stop.observed or ("reached" if stop.limit else ""),
            ", ".join(stop.runs) + (f" and {stop.run_count - len(stop.runs)} more" if stop.run_count > len(stop.runs) else ""),
            stop.key, str(stop.not_run),
        )
        for stop in report.stops
    ]  # fmt: skip


def left_answer(report: Report) -> str:
    """Return a sentence on all that is left, by the reasons that keep it."""
    left = report.left
    held = sum(hold.phases for hold in left.holds)
    excluded = sum(line.phases for line in report.ledger if line.line != "selected")
    return (
        f"Phases of these runs now: {left.failed_total} failed, {left.waiting_total} queued or working "
        f"({left.stale} stale), {held} of the failed on hold; the plan left out {excluded}."
    )


def waiting_lines(report: Report) -> list[tuple[str, str, str, str]]:
    """Run, phase, state and since when, of phases that are queued or working."""
    return [
        (
            phase.run_id, phase.phase_id,
            phase.state + (", stale" if phase.state == "QUEUED" and report.left.is_stale(phase) else ""),
            f"{phase.since:%Y-%m-%d %H:%M} UTC, for {_age(report.made_at - phase.since)}",
        )
        for phase in report.left.waiting
    ]  # fmt: skip


def hold_lines(report: Report) -> list[tuple[str, str, str]]:
    """Return the holds as (held thing, failed phases behind it, reason and end)."""
    return [
        (
            f"{hold.value}*" if hold.kind == "prefix" else hold.value, str(hold.phases),
            f"{hold.reason} (until {hold.until:%Y-%m-%d %H:%M} UTC)" if hold.until else hold.reason,
        )
        for hold in report.left.holds
    ]  # fmt: skip


def _age(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return (
        f"{hours // 24} d"
        if hours >= 48
        else f"{hours} h"
        if hours
        else f"{span // timedelta(minutes=1)} min"
    )


def settings_advice(report: Report) -> list[str]:
    """Return the ledger's advice on the settings."""
    advice = {
        "queued_in_run": "Runs with a queued phase were not drained: --queued-policy phase drains the others.",
        "waits_for_queued": "Phases wait for queued ones: run them, or clear stale ones with manage.py clear_queued.",
        "beyond_batch": "The batch was smaller than the backlog: raise --batch-size for the next drain.",
        "run_held": "Runs are on hold: manage.py release RUN takes them up again.",
        "no_executor": "Runs name no executor and there is no default one: manage.py executor set NAME --default -- COMMAND.",
        "fingerprint_snoozed": "Fingerprints are snoozed: wake them once their fix is in.",
        "run_stopped": "Runs stopped on repeated failures: mend what makes them fail before draining them again.",
        "run_timeouts": "Runs stopped on timeouts: drain one of their phases with a longer limit first.",
    }
    found = [
        f"{line.phases} × {line.line}: {advice[line.line]}"
        for line in report.ledger
        if line.line in advice and line.phases
    ]
    return found or ["Nothing in the ledger asks for other settings."]
