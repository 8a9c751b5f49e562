"""Next steps that a person can safely take: after a stop, and when a plan came out empty.

Data only: a label, the risk in one sentence and the command as a list of arguments. Pages turn it
into links, commands into lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drain.policy.command_lines import option, positional
from drain.policy.reasons import ExclusionReason, RunStop, StopReason
from drain.policy.selection.plan import Plan
from drain.policy.stopping.stops import StopRule


@dataclass(frozen=True, slots=True)
class Action:
    """One way on; `argv` starts after `manage.py`."""

    label: str
    risk: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionSubject:
    """The subject of the actions; the unknown is left as a word to replace."""

    session: str = "SESSION"
    run_id: str = "RUN"
    phase_id: str = "PHASE"
    queued_phase_id: str = "PHASE"
    queued_run_id: str = ""
    """Empty: the same run."""
    key: str = "KEY"
    again: tuple[str, ...] = ("drain",)
    """The command of a drain with the same scope and limits; empty where none has the same scope."""


def after_stop(rule: StopRule, subject: ActionSubject) -> tuple[Action, ...]:
    """The next safe actions for a stop card, the safest first."""
    if rule in _REPEATED:
        return _repeated(subject)
    if rule in (RunStop.TIMEOUTS, ExclusionReason.RUN_TIMEOUTS):
        return (_drain_one(subject), _longer(subject))
    if rule is StopReason.NOTHING_SELECTED:
        return (_dry_run(),)
    if rule is StopReason.PREFLIGHT_FAILED:
        return (_check_executors(), *_again(subject))
    if rule in _TIME_UP:
        return (*_again(subject), _report(subject))
    if rule is StopReason.INTERRUPTED:
        return (_resume(subject), _report(subject))
    return (_report(subject), _drain_one(subject), *_again(subject))


def for_empty_plan(plan: Plan, subject: ActionSubject) -> tuple[Action, ...]:
    """The first thing to do about a plan without a selected phase, and its alternatives.

    Decided by the reason that keeps most phases out; earlier rules win ties.
    """
    if not plan.counts:
        return (_queued_list(), _import_again())
    reason = max(plan.counts, key=plan.counts.__getitem__)
    return for_reason(reason, subject)


def for_reason(reason: ExclusionReason, subject: ActionSubject) -> tuple[Action, ...]:
    """Return the actions that get phases out of one line of the ledger, the safest first."""
    return _ADVICE[reason](subject)


_REPEATED = (
    RunStop.FINGERPRINT_REPEATS,
    ExclusionReason.RUN_STOPPED,
    ExclusionReason.FINGERPRINT_STOPPED,
)
_TIME_UP = (
    StopReason.MAX_TOTAL_MINUTES,
    StopReason.UNTIL,
    StopReason.BUDGET,
    StopReason.PERSON,
)


def _about_queued(subject: ActionSubject) -> tuple[Action, ...]:
    run_id = subject.queued_run_id or subject.run_id
    clear = ("clear_queued", run_id, subject.queued_phase_id, "--to", "failed", "--reason", "TEXT")
    policy = ("drain", "--run-id", subject.run_id, "--queued-policy")
    one = ("drain_phase", run_id, subject.queued_phase_id)
    return (
        Action("Clear the queued phase", "Nobody runs it afterwards unless it is requeued.", clear),
        Action("Drain the queued phase itself", "Somebody else may be about to run it.", one),
        Action(
            "Let only declared dependencies wait",
            "No risk beyond that of any drain.",
            (*policy, "phase"),
        ),
        Action(
            "Ignore queued phases", "Phases may run before what they need.", (*policy, "ignore")
        ),
    )


def _repeated(subject: ActionSubject) -> tuple[Action, ...]:
    again = ("drain", "--fingerprint", subject.key, "--batch-size", "1")
    return (
        Action(
            "Mend what makes it fail, then try one of its phases", "One attempt at most.", again
        ),
        _drain_one(subject),
    )


def _drain_one(subject: ActionSubject) -> Action:
    argv = ("drain_phase", *positional(subject.run_id, subject.phase_id))
    return Action("Drain one phase and read its log", "One attempt of one phase.", argv)


def _longer(subject: ActionSubject) -> Action:
    argv = ("drain", *option("--run-id", subject.run_id), "--phase-timeout-seconds", "1800")
    return Action("Drain the run with a longer timeout", "Slow phases hold a worker longer.", argv)


def _dry_run() -> Action:
    return Action(
        "Preview without filters", "No risk: a preview never writes.", ("drain", "--dry-run")
    )


def _resume(subject: ActionSubject) -> Action:
    argv = ("drain", "--resume", subject.session)
    return Action("Go on with the same plan", "The same limits can stop it again.", argv)


def _again(subject: ActionSubject) -> tuple[Action, ...]:
    risk = "A new plan of what is failed now; the same limits and checks can stop it again."
    action = Action("Drain the rest under the same limits", risk, subject.again)
    return (action,) if subject.again else ()


def _report(subject: ActionSubject) -> Action:
    return Action("Read the report", "No risk: it only reads.", ("report", subject.session))


def _release(subject: ActionSubject) -> Action:
    risk = "The reason of the hold may still be true."
    return Action("Release the hold", risk, ("release", subject.run_id))


def _rescue() -> Action:
    return Action("Recover attempts whose worker died", "Live leases are not touched.", ("rescue",))


def _next_batch() -> Action:
    return Action("Drain the next batch", "One more batch of attempts.", ("drain",))


def _default_executor() -> Action:
    argv = ("executor", "set", "NAME", "--default", "--", "COMMAND")
    return Action("Define a default executor", "It runs every run that names none.", argv)


def _check_executors() -> Action:
    risk = "It runs no phase and no check of theirs; the next drain begins with that."
    return Action("See whether this host has what the executors need", risk, ("executor", "check"))


def _queued_list() -> Action:
    return Action("List queued phases", "No risk: it only reads.", ("queued",))


def _import_again() -> Action:
    risk = "No risk for the source: an import only reads it."
    return Action("Import again, in case the source has moved on", risk, ("import_autopack", "URL"))


def _one_and_preview(subject: ActionSubject) -> tuple[Action, ...]:
    return (_drain_one(subject), _dry_run())


# Every reason has its advice: one that is missing fails a test that names it.
_ADVICE: dict[ExclusionReason, Callable[[ActionSubject], tuple[Action, ...]]] = {
    ExclusionReason.NO_LONGER_FAILED: _one_and_preview,
    ExclusionReason.LEASED: lambda _: (_rescue(),),
    ExclusionReason.FILTERED_OUT: lambda _: (_dry_run(),),
    ExclusionReason.PREFIX_EXCLUDED: lambda _: (_dry_run(),),
    ExclusionReason.RUN_HELD: lambda subject: (_release(subject),),
    ExclusionReason.NO_EXECUTOR: lambda _: (_default_executor(), _check_executors()),
    ExclusionReason.FINGERPRINT_SNOOZED: _one_and_preview,
    ExclusionReason.QUEUED_IN_RUN: _about_queued,
    ExclusionReason.WAITS_FOR_QUEUED: _about_queued,
    ExclusionReason.WAITS_FOR_DEPENDENCY: _one_and_preview,
    ExclusionReason.ATTEMPTS_EXHAUSTED: _one_and_preview,
    ExclusionReason.LIFETIME_EXHAUSTED: _one_and_preview,
    ExclusionReason.FINGERPRINT_STOPPED: _repeated,
    ExclusionReason.RUN_STOPPED: _repeated,
    ExclusionReason.RUN_TIMEOUTS: _one_and_preview,
    ExclusionReason.RUN_DEPRIORITISED: _repeated,
    ExclusionReason.BEYOND_BATCH: lambda _: (_next_batch(),),
}
