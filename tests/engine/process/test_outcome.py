"""The lowest of what exit, report and source say is what the attempt came to."""

from __future__ import annotations

import pytest

from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import REASON_LIMIT, SourceOutcome, decide
from drain.engine.process.output.events import Report
from drain.engine.process.output.log import LogSummary
from drain.engine.process.output.yields import ZERO_YIELD_REASONS, hit_limit
from drain.policy.states import Outcome


def ended(code=0, *, signal=None, timed_out=False, command=None, log="", **report):
    summary = LogSummary(len(log), b"", None, "", log, log)
    return Ended(
        None if signal else code, signal, timed_out, command, 3.0, summary, Report(**report)
    )


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (ended(0), "complete"),
        (ended(1), "failed"),
        (ended(75), "retryable"),
        (ended(signal=11), "failed"),
        (ended(0, timed_out=True), "timeout"),
        (ended(0, outcome="failed"), "failed"),
        (ended(0, outcome="retryable"), "retryable"),
        (ended(0, outcome="skipped"), "skipped"),
        (ended(0, failure="no"), "failed"),
        (ended(0, failure="no", outcome="complete"), "complete"),
        (ended(1, outcome="complete"), "failed"),
        (ended(1, outcome="skipped"), "failed"),
        (ended(1, outcome="retryable"), "failed"),
        (ended(75, outcome="complete"), "retryable"),
        (ended(signal=9, outcome="complete"), "failed"),
        (ended(0, timed_out=True, outcome="complete"), "timeout"),
        (ended(1, failure="x TOKEN_ESCALATION y"), "retryable"),
        (ended(0, failure="x TOKEN_ESCALATION y", outcome="complete"), "complete"),
        (ended(0, failure="x TOKEN_ESCALATION y", outcome="skipped"), "skipped"),
        (ended(1, timed_out=True, failure="x TOKEN_ESCALATION y"), "timeout"),
        (ended(0, problem="Cut.", doubt="failed"), "failed"),
        (ended(0, problem="Full.", doubt="retryable"), "retryable"),
        (ended(0, problem="Cut.", doubt="failed", outcome="complete"), "failed"),
        (ended(0, problem="Full.", doubt="retryable", outcome="failed"), "failed"),
        (ended(0, problem="Cut."), "complete"),
        (ended(0, command=Command.CANCEL), "cancelled"),
        (ended(0, command=Command.INTERRUPT), "interrupted"),
        (ended(signal=9, command=Command.LOST, timed_out=True), "lost"),
    ],
)
def test_outcomes(how, outcome):
    assert decide(how).outcome == outcome


@pytest.mark.parametrize(
    ("code", "source", "outcome"),
    [
        (0, SourceOutcome(outcome=Outcome.COMPLETE), "complete"),
        (1, SourceOutcome(outcome=Outcome.COMPLETE), "failed"),
        (0, SourceOutcome("boom", Outcome.FAILED), "failed"),
        (0, SourceOutcome("TOKEN_ESCALATION", Outcome.FAILED), "retryable"),
        (0, SourceOutcome("unsettled", Outcome.RETRYABLE), "retryable"),
        (0, SourceOutcome("", Outcome.DIVERTED), "diverted"),
    ],
)
def test_a_source_can_only_lower_too(code, source, outcome):
    assert decide(ended(code), source).outcome == outcome


@pytest.mark.parametrize(
    ("how", "source", "reason", "text"),
    [
        (ended(1, failure="said", log="log"), SourceOutcome("source"), "said", "said"),
        (ended(1, log="log"), SourceOutcome("source"), "source", "source"),
        (ended(1, log="log\n"), SourceOutcome(), "log", "log\n"),
        (ended(7), SourceOutcome(), "exit 7, no output", "exit 7, no output"),
        (
            ended(7, log="\n \n"),
            SourceOutcome(),
            "exit 7, no readable output",
            "exit 7, no readable output",
        ),
        (
            ended(signal=9),
            SourceOutcome(),
            "ended by signal 9, no output",
            "ended by signal 9, no output",
        ),
        (
            ended(0, timed_out=True, log="busy"),
            SourceOutcome(),
            "timed out after 3 s",
            "timed out after 3 s",
        ),
        (ended(0, log="fine"), SourceOutcome("old"), "", ""),
        (ended(1, command=Command.CANCEL, log="x"), SourceOutcome(), "cancelled while it ran", ""),
    ],
)
def test_the_reason_is_the_best_there_is(how, source, reason, text):
    decision = decide(how, source)
    assert (decision.reason, decision.fingerprint_input) == (reason, text)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (ended(0), "success_no_llm_calls"),
        (ended(1, timed_out=True), "timeout"),
        (ended(1, log="ModuleNotFoundError: No module named 'x'"), "failed_before_llm"),
        (ended(127), "failed_before_llm"),
        (ended(1, log="prompt_tokens=5\nImportError: x"), "execution_error"),
        (ended(1, failure="context_length_exceeded"), "llm_boundary_hit"),
        (ended(signal=11), "execution_error"),
        (ended(1, log="no idea"), "unknown"),
        (ended(1, telemetry_count=2), ""),
        (ended(1, command=Command.CANCEL), ""),
    ],
)
def test_zero_yield_has_a_reason(how, reason):
    assert decide(how).zero_yield_reason == reason
    assert reason in (*ZERO_YIELD_REASONS, "")


def test_telemetry_of_report_and_source_is_counted_together():
    assert decide(ended(telemetry_count=2), SourceOutcome(telemetry_count=3)).telemetry_count == 5


@pytest.mark.parametrize(
    "text",
    [
        "Error: context length exceeded",
        "the token limit was reached",
        "hit max_turns",
        "prompt is too long",
    ],
)
def test_a_limit_is_recognised(text):
    assert hit_limit(text)
    assert decide(ended(1, log=text)).reached_limit_boundary
    assert not hit_limit("max_tokens=4096 rate limit")


@pytest.mark.parametrize(
    "said",
    [
        "Error: Phase not found: r / p",
        "run not found",
        "connection error: database is away",
        "Validation error in the scope",
        "schema error",
        "Missing required field: paths",
        "invalid phase",
        "database error",
        "Permission denied",
    ],
)
def test_what_fails_before_a_model_is_called_is_named(said):
    assert decide(ended(1, log=said)).zero_yield_reason == "failed_before_llm"
    called = ended(1, log=f"prompt_tokens=5\n{said}")
    assert decide(called).zero_yield_reason != "failed_before_llm"


@pytest.mark.parametrize(
    "how",
    [ended(1), ended(0), ended(143), ended(1, timed_out=True), ended(1, command=Command.CANCEL)],
)
@pytest.mark.parametrize("well", [Outcome.COMPLETE, Outcome.SKIPPED])
def test_a_source_with_the_last_word_decides_what_has_ended_well(how, well):
    found = decide(how, SourceOutcome(outcome=well, authority=True))
    assert found.outcome is well
    lost = ended(None, command=Command.LOST)
    assert decide(lost, SourceOutcome(outcome=well, authority=True)).outcome is Outcome.LOST


def test_exit_143_is_a_timeout_only_where_a_source_says_how_its_work_ends():
    assert decide(ended(143)).outcome is Outcome.FAILED
    decision = decide(ended(143), SourceOutcome(authority=True))
    assert decision.outcome is Outcome.TIMEOUT
    assert decision.reason == decision.fingerprint_input == "timed out by a limit of its own"


DOUBT = {"problem": "Cut.", "doubt": "failed"}
DOUBTFUL = "Cut. It ended with exit 0, but how it ended in its own words is not known."


@pytest.mark.parametrize(
    ("how", "reason", "filed"),
    [
        (ended(0, log="fine"), "", ""),
        (ended(1, failure="x" * 5000), "x" * REASON_LIMIT, "x" * 5000),
        (ended(1, log="a" + "b" * REASON_LIMIT), "b" * REASON_LIMIT, "a" + "b" * REASON_LIMIT),
        (ended(0, outcome="skipped", log="fine"), "the phase says that it need not run", ""),
        (ended(0, outcome="skipped", failure="not today"), "not today", ""),
        (ended(75, log="later"), "later", "later"),
        (ended(75, failure="busy", log="later"), "busy", "busy"),
        (ended(0, log="fine", **DOUBT), DOUBTFUL, DOUBTFUL),
        (ended(3, log="boom", **DOUBT), "boom", "boom"),
        (ended(1, timed_out=True, log="at work"), "timed out after 3 s", "timed out after 3 s"),
        (ended(1), "exit 1, no output", "exit 1, no output"),
        (ended(1, log=" \n"), "exit 1, no readable output", "exit 1, no readable output"),
        (ended(0, command=Command.CANCEL, failure="no"), "cancelled while it ran", ""),
    ],
)
def test_the_reason_is_what_the_phase_says_or_printed_last_and_a_failure_is_filed_under_it(
    how, reason, filed
):
    decision = decide(how)
    assert (decision.reason, decision.fingerprint_input) == (reason, filed)


def test_a_fingerprint_that_the_executor_reported_goes_with_the_verdict():
    assert decide(ended(1, failure="no", fingerprint=("a", "b"))).reported == ("a", "b")
