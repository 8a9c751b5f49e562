"""The source has the last word: how a phase of Autopack ends, and what is never written over."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import pytest

from drain.engine.errors import EngineError
from drain.engine.inline import require_capable
from drain.engine.sessions.results import session_result
from drain.models import Attempt, Phase, SourceDebt
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from tests.engine.conftest import Backlog
from tests.engine.pipeline import OLD, Pipeline, drained, look_again, meanwhile, ours

pytestmark = pytest.mark.django_db(transaction=True)
ADA = Person("ada", Origin.COMMAND)


REASONS = [
    ("PATCH_FAILED: hunk #3 failed at line 12", "failed", "patch"),
    ("DELIVERABLES_VALIDATION_FAILED: missing deliverables: b.json", "failed", "deliverable"),
    ("CI collection/import error: ImportError: cannot import name 'x'", "failed", "collection"),
    ("Phase timed out after 900 seconds", "failed", "timeout"),
    ("TOKEN_ESCALATION: output truncated at 8192 tokens", "retryable", None),
    ("ANTHROPIC_API_KEY is not set", "failed", None),
]


@pytest.mark.parametrize(("reason", "outcome", "category"), REASONS)
def test_a_failed_attempt_that_leaves_its_phase_queued_has_the_reason_that_autopack_wrote(
    one: Pipeline, backlog: Backlog, reason: str, outcome: str, category: str | None
) -> None:
    one.tell(STUB_MODE="queued", STUB_REASON=reason)
    attempt, _ = drained(one, backlog, max_attempts_per_phase=1)
    assert (attempt.outcome, attempt.error, attempt.exit_code) == (outcome, reason, 1)
    assert category in (None, attempt.failure_category)
    row = one.row("p")
    assert (row["state"], row["last_failure_reason"], row["retry_attempt"]) == ("QUEUED", reason, 2)
    assert ours() == one.states()


def test_different_reasons_are_different_causes(one: Pipeline, backlog: Backlog) -> None:
    found = set()
    for reason, _, _ in REASONS[:3]:
        one.change("p", state="FAILED")
        one.load()
        one.tell(STUB_MODE="queued", STUB_REASON=reason)
        one.change("p", retry_attempt=0)
        found.add(drained(one, backlog, max_attempts_per_phase=1)[0].fingerprint)
    assert len(found) == 3


def test_what_asks_for_more_tokens_and_stays_queued_is_offered_again(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="retry")
    _, session = drained(one, backlog, max_attempts_per_phase=2)
    outcomes = Attempt.objects.filter(session=session).values_list("outcome", flat=True)
    assert list(outcomes) == ["retryable"] * 2
    assert one.row("p")["retry_attempt"] == 3
    assert session_result(session)["failed"] == 0


def test_an_old_reason_beside_a_new_time_is_not_taken_over(one: Pipeline, backlog: Backlog) -> None:
    one.tell(STUB_MODE="crash")
    attempt, _ = drained(one, backlog)
    one.change("p", state="EXECUTING")
    look_again()
    assert ours() == {"r/p": "EXECUTING"}
    assert Phase.objects.get().last_failure_reason == attempt.error
    one.change("p", state="QUEUED")
    one.load()
    assert ours() == {"r/p": "QUEUED"}
    assert Phase.objects.get().last_failure_reason == attempt.error, "nor by an import"
    one.change("p", last_failure_reason="KeyError: 7", retry_attempt=2)
    one.load()
    assert Phase.objects.get().last_failure_reason == "KeyError: 7", "one that was counted is new"
    one.change("p", last_failure_reason="KeyError: 8", retry_attempt=0)
    one.load()
    assert Phase.objects.get().last_failure_reason == "KeyError: 8", "so is what nobody said before"
    one.change("p", last_failure_reason="KeyError: 9")
    look_again()
    assert Phase.objects.get().last_failure_reason == "KeyError: 9"


def test_the_fifth_failure_is_failed_there_and_here(one: Pipeline, backlog: Backlog) -> None:
    one.change("p", retry_attempt=4)
    one.load()
    one.tell(STUB_MODE="queued")
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, one.row("p")["state"]) == ("failed", "FAILED")
    assert ours() == one.states()


def test_complete_in_the_source_is_complete_whatever_the_exit(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="exit_1")
    attempt, session = drained(one, backlog)
    assert (attempt.outcome, attempt.exit_code, attempt.error) == ("complete", 1, "")
    assert session_result(session)["complete"] == 1
    assert Phase.objects.get().last_failure_reason == "", "what is complete keeps no failure"


@pytest.mark.parametrize(("mode", "said"), [("import", "ImportError"), ("crash", "RuntimeError")])
def test_an_old_reason_is_not_the_reason_of_a_new_failure(
    one: Pipeline, backlog: Backlog, mode: str, said: str
) -> None:
    before = Phase.objects.get().last_fingerprint
    one.tell(STUB_MODE=mode)
    attempt, _ = drained(one, backlog)
    assert attempt.outcome == "failed"
    assert said in attempt.error
    assert OLD not in attempt.error
    assert attempt.fingerprint != before
    assert one.row("p")["last_failure_reason"] == OLD
    assert ours() == one.states()


def test_the_same_reason_written_anew_is_the_cause(one: Pipeline, backlog: Backlog) -> None:
    one.tell(STUB_MODE="queued", STUB_REASON=OLD)
    attempt, _ = drained(one, backlog)
    assert attempt.error == OLD


def test_what_is_left_working_is_failed_by_its_log_and_stays_as_it_is(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="executing")
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, "Final state: EXECUTING" in attempt.error) == ("failed", True)
    assert (one.row("p")["state"], one.row("p")["last_failure_reason"]) == ("EXECUTING", OLD)
    assert ours() == one.states()


def test_a_phase_that_we_end_is_put_back_and_its_reason_kept(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="hang")
    attempt, _ = drained(one, backlog, phase_timeout_seconds=1)
    row = one.row("p")
    assert (attempt.outcome, row["state"]) == ("timeout", "FAILED")
    assert row["last_failure_reason"] == f"[drainsite] timed out after 1 s; original: {OLD}"
    assert ours() == one.states()
    one.load()
    assert Phase.objects.get().last_failure_reason == "timed out after 1 s"


@pytest.mark.verify
def test_a_reason_that_was_written_before_we_ended_the_phase_is_left_as_it_is(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="hang")

    def write() -> None:
        one.change("p", last_failure_reason="LLM_ERROR: overloaded")

    thread = meanwhile(write, lambda: one.row("p")["state"] == "EXECUTING")
    attempt, _ = drained(one, backlog, phase_timeout_seconds=2)
    thread.join()
    assert (attempt.outcome, attempt.error) == ("timeout", "LLM_ERROR: overloaded")
    row = one.row("p")
    assert (row["state"], row["last_failure_reason"]) == ("FAILED", "LLM_ERROR: overloaded")


def test_what_comes_in_complete_has_no_failure(one: Pipeline) -> None:
    one.phase("r", "done", 1, "COMPLETE", last_failure_reason=OLD)
    one.load()
    done = Phase.objects.get(phase_id="done")
    assert (done.last_failure_reason, done.last_fingerprint) == ("", "")


def test_exit_143_is_a_timeout(one: Pipeline, backlog: Backlog) -> None:
    argv = ["/bin/sh", "-c", "exit 143"]
    type(one.profile).objects.filter(pk=one.profile.pk).update(argv=argv, preflight="")
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, attempt.failure_category) == ("timeout", "timeout")
    assert attempt.error == "timed out by a limit of its own"


def test_a_late_complete_within_the_settle_time_is_complete(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="executing")

    def late() -> None:
        sleep(0.2)
        one.change("p", state="COMPLETE")

    thread = meanwhile(late, lambda: one.row("p")["state"] == "EXECUTING")
    attempt, _ = drained(one, backlog)
    thread.join()
    assert attempt.outcome == "complete"
    assert ours() == {"r/p": "COMPLETE"}


def test_a_result_that_changes_after_our_reading_is_followed_without_an_import(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="queued")
    drained(one, backlog)
    one.change("p", state="EXECUTING")
    look_again()
    assert ours() == {"r/p": "EXECUTING"}
    one.change("p", state="FAILED", last_failure_reason="KeyError: 7")
    look_again()
    assert ours() == {"r/p": "FAILED"}
    assert Phase.objects.get().last_failure_reason == "KeyError: 7"
    one.change("p", state="COMPLETE")
    look_again()
    assert ours() == {"r/p": "COMPLETE"}
    assert not SourceDebt.objects.exists()


def test_a_missing_module_or_key_is_one_sentence_before_the_first_phase(
    one: Pipeline, backlog: Backlog, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "scripts").mkdir(parents=True)
    script = workspace / "scripts" / "drain_one_phase.py"
    script.write_text("from autopack.executor import Executor\n")
    profile = type(one.profile).objects.filter(pk=one.profile.pk)
    profile.update(cwd=str(workspace))
    session = backlog.drain(one.session())
    assert (session.state, session.stop_reason) == ("refused", "preflight_failed")
    assert "No module named 'autopack'" in session.preflight["autopack:pipeline"]["output"]
    script.write_text("")
    profile.update(env_from=["ANTHROPIC_API_KEY_OF_NOBODY"])
    with pytest.raises(EngineError, match="no ANTHROPIC_API_KEY_OF_NOBODY"):
        require_capable(one.session())
