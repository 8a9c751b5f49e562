"""Reasons for not draining a failed phase, and for the stop of a run or a session.

The values are what scripts rely on; each has one sentence for people beside it.
"""

from __future__ import annotations

from enum import StrEnum


class ExclusionReason(StrEnum):
    """The reason why a failed phase is not in the plan, in the order in which the rules are tried."""

    NO_LONGER_FAILED = "no_longer_failed"
    """Somebody moved the phase on since the plan was made."""
    LEASED = "leased"
    """Another drain or the pipeline itself holds the phase right now."""
    FILTERED_OUT = "filtered_out"
    """A filter of this drain does not match the phase."""
    PREFIX_EXCLUDED = "prefix_excluded"
    """The run's name begins with a prefix that this drain skips."""
    RUN_HELD = "run_held"
    """Somebody set the run aside."""
    NO_EXECUTOR = "no_executor"
    """The run names no executor and there is no default one."""
    FINGERPRINT_SNOOZED = "fingerprint_snoozed"
    """Somebody snoozed the cause of this failure."""
    QUEUED_IN_RUN = "queued_in_run"
    """The run has a queued phase and the policy `run` leaves such runs alone."""
    WAITS_FOR_QUEUED = "waits_for_queued"
    """Something the phase waits for is queued or working."""
    WAITS_FOR_DEPENDENCY = "waits_for_dependency"
    """Something the phase depends on has failed and is not in the plan."""
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    """The phase had all its attempts in this session."""
    LIFETIME_EXHAUSTED = "lifetime_exhausted"
    """The phase had all the attempts that it may have over all drains."""
    FINGERPRINT_STOPPED = "fingerprint_stopped"
    """The same failure came too often in this session."""
    RUN_STOPPED = "run_stopped"
    """The same failure came too often in this run."""
    RUN_TIMEOUTS = "run_timeouts"
    """Too many phases of this run timed out."""
    RUN_DEPRIORITISED = "run_deprioritised"
    """The run's sample failed with a known fingerprint, so the run came last and the batch was full."""
    BEYOND_BATCH = "beyond_batch"
    """The batch was full before this phase's turn."""

    @property
    def sentence(self) -> str:
        """One sentence for people, without a phase's name in it."""
        return _EXCLUSION_SENTENCES[self]


_EXCLUSION_SENTENCES = {
    ExclusionReason.NO_LONGER_FAILED: "It was moved on since the plan was made.",
    ExclusionReason.LEASED: "Another drain or the pipeline itself is working on this phase right now.",
    ExclusionReason.FILTERED_OUT: "A filter of this drain does not match.",
    ExclusionReason.PREFIX_EXCLUDED: "The run's name begins with a skipped prefix.",
    ExclusionReason.RUN_HELD: "The run is on hold.",
    ExclusionReason.NO_EXECUTOR: "Its run names no executor and there is no default one.",
    ExclusionReason.FINGERPRINT_SNOOZED: "The fingerprint of this failure is snoozed.",
    ExclusionReason.QUEUED_IN_RUN: "The run has a queued phase, and the policy “run” leaves it alone.",
    ExclusionReason.WAITS_FOR_QUEUED: "It waits for a phase that is queued or working.",
    ExclusionReason.WAITS_FOR_DEPENDENCY: "It depends on a phase that failed and is not in the plan.",
    ExclusionReason.ATTEMPTS_EXHAUSTED: "It had all its attempts in this drain.",
    ExclusionReason.LIFETIME_EXHAUSTED: "It had all the attempts that it may have over all drains.",
    ExclusionReason.FINGERPRINT_STOPPED: "The same failure came too often in this drain.",
    ExclusionReason.RUN_STOPPED: "The same failure came too often in this run.",
    ExclusionReason.RUN_TIMEOUTS: "Too many phases of this run timed out.",
    ExclusionReason.RUN_DEPRIORITISED: "The run's sample failed with a known fingerprint, so it came last.",
    ExclusionReason.BEYOND_BATCH: "The batch was full before its turn.",
}


class StopReason(StrEnum):
    """The reason why a session ended before (or without) draining its plan."""

    MAX_TOTAL_MINUTES = "max_total_minutes"
    """The session had its time."""
    MAX_CONSECUTIVE_ZERO_YIELD = "max_consecutive_zero_yield"
    """Too many attempts in a row brought no telemetry."""
    FAILURE_RATE = "failure_rate"
    """Too many of the latest attempts failed: the circuit breaker opened."""
    UNTIL = "until"
    """The wall-clock time that was set has come."""
    SAMPLE_FAILED = "sample_failed"
    """Too few of the sample's phases passed to go on."""
    PERSON = "person"
    """Somebody stopped or cancelled it."""
    PREFLIGHT_FAILED = "preflight_failed"
    """The executor's check before the session failed."""
    INTERRUPTED = "interrupted"
    """The process that ran it was asked to end."""
    BUDGET = "budget"
    """The autopilot that started it has used up its budget of a day."""
    NOTHING_SELECTED = "nothing_selected"
    """The plan is empty; the ledger says why."""

    @property
    def sentence(self) -> str:
        """One sentence for people, without numbers in it."""
        return _STOP_SENTENCES[self]


_STOP_SENTENCES = {
    StopReason.MAX_TOTAL_MINUTES: "The drain used all its minutes.",
    StopReason.MAX_CONSECUTIVE_ZERO_YIELD: "Too many attempts in a row brought no telemetry.",
    StopReason.FAILURE_RATE: "Too many of the latest attempts failed.",
    StopReason.UNTIL: "The time at which the drain was to stop has come.",
    StopReason.SAMPLE_FAILED: "Too few of the sample's phases passed to go on.",
    StopReason.PERSON: "Somebody stopped the drain.",
    StopReason.PREFLIGHT_FAILED: "The check before the drain failed, so nothing was run.",
    StopReason.INTERRUPTED: "The process that ran the drain was asked to end.",
    StopReason.BUDGET: "The budget of its autopilot is used up.",
    StopReason.NOTHING_SELECTED: "No failed phase could be selected; the ledger gives each reason.",
}


class RunStop(StrEnum):
    """The reason why a session starts no more phases of one run."""

    FINGERPRINT_REPEATS = "fingerprint_repeats"
    """One failure came `max_fingerprint_repeats` times in the run."""
    TIMEOUTS = "timeouts"
    """`max_timeouts_per_run` of its phases timed out."""

    @property
    def exclusion(self) -> ExclusionReason:
        """The reason on what is left of the run."""
        if self is RunStop.TIMEOUTS:
            return ExclusionReason.RUN_TIMEOUTS
        return ExclusionReason.RUN_STOPPED


class SampleVerdict(StrEnum):
    """The verdict of a run's first attempt in a session on the rest of the run."""

    PROMISING = "promising"
    """It succeeded, brought telemetry, timed out or failed in a way not seen before: go on."""
    DEPRIORITISED = "deprioritised"
    """It failed with a cause this session knows and brought nothing: the run comes last."""
