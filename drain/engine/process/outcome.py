"""The outcome of an attempt: pure decisions over the child's end and the reports about it."""

from __future__ import annotations

from dataclasses import dataclass

from drain.engine.process.ended import Command, Ended
from drain.engine.process.output.yields import hit_limit, zero_yield_reason
from drain.policy.states import UNCOUNTED, Outcome

EXIT_RETRYABLE = 75
"""sysexits.h EX_TEMPFAIL: try again later."""
EXIT_TERMINATED = 143
"""128 + SIGTERM: what a wrapper of the source's own came to when it ended the work for its time."""
RETRY_MARK = "TOKEN_ESCALATION"
REASON_LIMIT = 4000

_STOPPED = {
    Command.CANCEL: Outcome.CANCELLED,
    Command.INTERRUPT: Outcome.INTERRUPTED,
    Command.LOST: Outcome.LOST,
}
_SENTENCES = {
    Outcome.CANCELLED: "cancelled while it ran",
    Outcome.INTERRUPTED: "the worker was asked to stop while it ran",
    Outcome.LOST: "the worker lost its lease, so it ended the phase",
}
_ENDED_WELL = (Outcome.COMPLETE, Outcome.SKIPPED)
_LOWEST_FIRST = (Outcome.FAILED, Outcome.RETRYABLE, Outcome.SKIPPED, Outcome.COMPLETE)


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """The source's word on the phase after the attempt (Autopack); for other phases there is none."""

    reason: str = ""
    outcome: Outcome | None = None
    """COMPLETE, FAILED, SKIPPED, RETRYABLE (unsettled) or DIVERTED; None says nothing."""
    telemetry_count: int = 0
    authority: bool = False
    """It has the last word: what it says has ended well has, however the child ended."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one attempt."""

    outcome: Outcome
    reason: str
    """The reason for not completing, for people, bounded; "" when complete."""
    fingerprint_input: str
    """Text to fingerprint; "" when there is no failure to file."""
    telemetry_count: int
    zero_yield_reason: str
    """One of `yields.ZERO_YIELD_REASONS`, "" when there was yield or nothing to say."""
    reached_limit_boundary: bool
    reported: tuple[str, ...] = ()
    """The fingerprint that the executor reported with its reason; it wins over ours."""


def decide(ended: Ended, source: SourceOutcome | None = None) -> Decision:
    """Return the verdict. Later duties (phase state, counters) are the engine's."""
    source = source or SourceOutcome()
    said = _said(ended, source)
    outcome = _outcome(ended, source, said)
    count = ended.report.telemetry_count + source.telemetry_count
    text = f"{said}\n{ended.log.error_input}"
    limit = hit_limit(text)
    zero = (
        ""
        if count or outcome in UNCOUNTED
        else zero_yield_reason(outcome, ended, text, limit=limit)
    )
    return Decision(
        outcome=outcome,
        reason=_reason(ended, outcome, said),
        fingerprint_input=_fingerprint_input(ended, outcome, said),
        telemetry_count=count,
        zero_yield_reason=zero,
        reached_limit_boundary=limit,
        reported=ended.report.fingerprint,
    )


def _outcome(ended: Ended, source: SourceOutcome, said: str) -> Outcome:
    """Return the lowest of what exit, report and source say; only a source with authority raises it."""
    if source.authority and source.outcome in _ENDED_WELL and ended.command is not Command.LOST:
        return source.outcome
    if ended.command in _STOPPED:
        return _STOPPED[ended.command]
    if source.outcome is Outcome.DIVERTED:
        return Outcome.DIVERTED
    if ended.timed_out or (source.authority and ended.exit_code == EXIT_TERMINATED):
        return Outcome.TIMEOUT
    doubt = Outcome(ended.report.doubt or Outcome.COMPLETE)
    voices = {_by_exit(ended), _by_report(ended), doubt, source.outcome or Outcome.COMPLETE}
    outcome = next(level for level in _LOWEST_FIRST if level in voices)
    return Outcome.RETRYABLE if outcome is Outcome.FAILED and RETRY_MARK in said else outcome


def _by_exit(ended: Ended) -> Outcome:
    if ended.exit_code == EXIT_RETRYABLE:
        return Outcome.RETRYABLE
    return Outcome.COMPLETE if ended.exit_code == 0 else Outcome.FAILED


def _by_report(ended: Ended) -> Outcome:
    """A reason for failing, no outcome: it failed. Better one too many than a drain that was none."""
    report = ended.report
    if report.outcome is not None:
        return Outcome(report.outcome)
    return Outcome.COMPLETE if report.failure is None else Outcome.FAILED


def _said(ended: Ended, source: SourceOutcome) -> str:
    return (ended.report.failure or source.reason).strip()


def _reason(ended: Ended, outcome: Outcome, said: str) -> str:
    if outcome is Outcome.COMPLETE:
        return ""
    if outcome in _SENTENCES:
        return _SENTENCES[outcome]
    if said:
        return said[:REASON_LIMIT]
    if outcome in (Outcome.TIMEOUT, Outcome.SKIPPED):
        return _bare(ended, outcome)
    if ended.exit_code == 0 and ended.report.doubt:
        return _doubtful(ended)
    return ended.log.tail.strip()[-REASON_LIMIT:] or _bare(ended, outcome)


def _fingerprint_input(ended: Ended, outcome: Outcome, said: str) -> str:
    """A timeout with no reason is its own cause: whatever it printed last is where it happened to be."""
    if outcome not in (Outcome.FAILED, Outcome.TIMEOUT, Outcome.RETRYABLE):
        return ""
    if said:
        return said
    if outcome is Outcome.TIMEOUT:
        return _bare(ended, outcome)
    if ended.exit_code == 0 and ended.report.doubt:
        return _doubtful(ended)
    return ended.log.error_input if ended.log.error_input.strip() else _bare(ended, outcome)


def _doubtful(ended: Ended) -> str:
    return f"{ended.report.problem} It ended with exit 0, but how it ended in its own words is not known."


def _bare(ended: Ended, outcome: Outcome) -> str:
    if outcome is Outcome.TIMEOUT:
        limit = f"after {ended.duration:.0f} s" if ended.timed_out else "by a limit of its own"
        return f"timed out {limit}"
    if outcome is Outcome.SKIPPED:
        return "the phase says that it need not run"
    output = "no output" if not ended.log.total_bytes else "no readable output"
    if ended.signal is not None:
        return f"ended by signal {ended.signal}, {output}"
    return f"exit {ended.exit_code}, {output}"
