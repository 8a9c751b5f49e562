"""Plans and results on a terminal: the ledger with its sum, and never a silent zero."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as text
from typing import Any

from django.core.management.base import OutputWrapper

from drain.engine.sessions.results import dropped_from_plan, session_result
from drain.models import DrainSession, Run
from drain.models.vocabulary import SessionState
from drain.policy.reasons import ExclusionReason
from drain.policy.selection.plan import Plan
from drain.policy.words import counted

SHOWN = 20


def plan_json(plan: Plan) -> str:
    """Return a plan as one JSON object, as `drain --dry-run --json` prints it.

    Put together line by line, since a hundred thousand dictionaries take longer than the plan itself.
    """
    runs = {pk: text(name) for pk, name in _run_names(plan).items()}
    selected = (
        f'{{"run_id": {runs[item.run]}, "phase_id": {text(item.phase_id)}, '
        f'"position": {item.position}, "category": {text(item.category or "unknown")}}}'
        for item in plan.selected
    )
    whys: dict[tuple[str, str], str] = {}
    excluded = (
        f'{{"run_id": {runs[run]}, "phase_id": {text(phase_id)}, '
        f"{whys.get((reason, detail)) or _why(whys, reason, detail)}}}"
        for _, run, phase_id, reason, detail in plan.excluded
    )
    return (
        f'{{"total_failed": {plan.total}, "selected": [{", ".join(selected)}], '
        f'"excluded": [{", ".join(excluded)}]}}'
    )


def _why(whys: dict[tuple[str, str], str], reason: str, detail: str) -> str:
    """The part of a line that many share, kept in `whys`."""
    found = f'"reason": {text(reason)}, "detail": {text(detail)}'
    return whys.setdefault((reason, detail), found)


def _run_names(plan: Plan) -> dict[int, str]:
    pks = {item.run for item in plan.selected} | {line.run for line in plan.excluded}
    return dict(Run.objects.filter(pk__in=pks).values_list("pk", "run_id"))


def print_plan(out: OutputWrapper, plan: Plan) -> None:
    """The plan for people: what would run, in order, and what would not, by reason."""
    names = _run_names(plan)
    for item in plan.selected[:SHOWN]:
        out.write(f"{item.position:>4}  {names[item.run]}  {item.phase_id}  ({item.why})")
    if len(plan.selected) > SHOWN:
        out.write(f"      … and {len(plan.selected) - SHOWN:,} more")
    _print_sum(out, plan.total, len(plan.selected), {k.value: v for k, v in plan.counts.items()})


def print_result(out: OutputWrapper, session: DrainSession) -> None:
    """A session's end for people: what changed, why it stopped, and the ledger."""
    result = session_result(session)
    out.write(
        f"Drain {session.pk} {session.state}: {counted(result['phases'], 'phase')} in "
        f"{counted(result['processed'], 'attempt')}: {result['complete']:,} complete, {result['failed']:,} failed "
        f"({counted(result['timeouts'], 'timeout')}), {result['retryable']:,} retryable{_unusual(result)}; "
        f"{counted(result['telemetry_events'], 'telemetry event')}."
    )
    if session.stop_card:
        out.write(f"Stopped: {session.stop_card.get('sentence', session.stop_reason)}")
    if result["after"]:
        out.write(f"Before: {_states(result['before'])}. After: {_states(result['after'])}.")
    _print_sum(out, session.total_failed, session.selected, session.ledger)
    for reason, count in dropped_from_plan(session.pk).items():
        out.write(f"Of the selected, {count:,} {reason}: {ExclusionReason(reason).sentence}")


def print_preflights(out: OutputWrapper, session: DrainSession) -> None:
    """Write the output of a refused session's preflights."""
    if session.state != SessionState.REFUSED:
        return
    for name, found in session.preflight.items():
        if not found["ok"]:
            out.write(
                f"Preflight of executor {name}: {found['sentence']}\n{found['output']}".rstrip()
            )


def _unusual(result: dict[str, Any]) -> str:
    """Outcomes that are named only where there were any."""
    names = ("skipped", "lost", "diverted", "cancelled", "interrupted")
    return "".join(f", {result[name]:,} {name}" for name in names if result[name])


def _states(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items()) or "no phases"


def _print_sum(out: OutputWrapper, total: int, selected: int, excluded: dict[str, int]) -> None:
    if not total:
        out.write("No failed phase is in scope: nothing to drain.")
        return
    parts = [
        f"{selected:,} selected",
        *(f"{count:,} {reason}" for reason, count in excluded.items()),
    ]
    out.write(f"Ledger: {' + '.join(parts)} = {total:,} failed.")
    if not selected:
        _print_first_step(out, excluded)
    elif beyond := excluded.get(ExclusionReason.BEYOND_BATCH.value):
        out.write(
            f"{counted(beyond, 'phase')} did not fit into the batch: --batch-size takes more than {selected:,} at once."
        )


def _print_first_step(out: OutputWrapper, excluded: dict[str, int]) -> None:
    """0 selected is never silent: the commonest reason and the first thing to do about it."""
    reason = ExclusionReason(max(excluded, key=lambda name: excluded[name]))
    out.write(f"Nothing was selected. Most common reason: {reason.sentence}")
    out.write(f"First thing to do: {FIRST_STEPS[reason]}")


FIRST_STEPS = {
    ExclusionReason.NO_LONGER_FAILED: "see the phase's page: it says who moved it.",
    ExclusionReason.LEASED: "wait for the other drain, or see it with `manage.py session`.",
    ExclusionReason.FILTERED_OUT: "widen --fingerprint, or leave it out.",
    ExclusionReason.PREFIX_EXCLUDED: "leave out --skip-run-prefix.",
    ExclusionReason.RUN_HELD: "`manage.py release RUN`, once the reason for the hold is gone.",
    ExclusionReason.NO_EXECUTOR: "`manage.py executor set NAME --default -- COMMAND`, or import the runs with one.",
    ExclusionReason.FINGERPRINT_SNOOZED: "end the snooze on the fingerprint's page.",
    ExclusionReason.QUEUED_IN_RUN: "use --queued-policy phase, or clear the queued phase: `manage.py queued`.",
    ExclusionReason.WAITS_FOR_QUEUED: "`manage.py queued` shows what they wait for; clear it or drain it.",
    ExclusionReason.WAITS_FOR_DEPENDENCY: "drain what they depend on first: widen --run-id.",
    ExclusionReason.ATTEMPTS_EXHAUSTED: "raise --max-attempts-per-phase.",
    ExclusionReason.LIFETIME_EXHAUSTED: "raise --max-lifetime-attempts, or discard the phases.",
    ExclusionReason.FINGERPRINT_STOPPED: "raise --max-session-fingerprint-repeats.",
    ExclusionReason.RUN_STOPPED: "raise --max-fingerprint-repeats, or mend what makes it fail.",
    ExclusionReason.RUN_TIMEOUTS: "raise --max-timeouts-per-run or --phase-timeout-seconds.",
    ExclusionReason.RUN_DEPRIORITISED: "raise --batch-size.",
    ExclusionReason.BEYOND_BATCH: "raise --batch-size.",
}
