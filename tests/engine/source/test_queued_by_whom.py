"""A phase that is queued in its source is put back only if an attempt of ours queued it, and nobody wrote it since."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from drain.engine.attempts import source_sync
from drain.engine.executions.local import LocalExecution
from drain.engine.process.ended import Command
from drain.engine.queue.clearing import requeue
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.engine.source.outbox import FOLLOW, ask_later, note_lost
from drain.models import Attempt, ExecutorProfile, Phase, SourceDebt, Transition
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.autopack import writing
from drain.sources.autopack.readback import row_now
from tests.engine.conftest import Backlog
from tests.engine.pipeline import OLD, Pipeline, drained, look_again, ours

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE_AND_HANG = """
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("UPDATE phases SET state = 'QUEUED'")
time.sleep(3600)
"""
TOLD = "who queued it in pipeline cannot be told, so it stays QUEUED"


def around_the_queueing(
    monkeypatch: pytest.MonkeyPatch,
    *,
    first: Callable[[], object] = lambda: None,
    then: Callable[[], object] = lambda: None,
) -> None:
    """Call `first` just before and `then` just after an attempt queues its phase."""

    def between(*given: Any) -> bool:
        first()
        done = writing.queue(*given)
        then()
        return done

    monkeypatch.setattr(source_sync, "queue", between)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [("QUEUED", "no_longer_failed"), ("EXECUTING", "leased"), ("SKIPPED", "no_longer_failed")],
)
def test_what_somebody_does_after_our_last_look_is_seen_before_the_start(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch, theirs: str, reason: str
) -> None:
    written: dict[str, Any] = {}

    def first() -> None:
        one.change("p", state=theirs, last_failure_reason="theirs")
        written.update(one.row("p"))

    around_the_queueing(monkeypatch, first=first)
    one.tell(STUB_MODE="hang")
    attempt, session = drained(one, backlog)
    assert (attempt.outcome, attempt.exit_code) == ("diverted", None), "nothing was started"
    assert session_result(session)["excluded"] == {reason: 1}
    look_again()
    assert one.row("p") == written
    assert ours() == one.states()


def test_what_is_to_be_put_back_is_committed_before_the_source_is_written(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[str] = []

    def first() -> None:
        assert not connection.in_atomic_block
        committed.extend(SourceDebt.objects.values_list("queued_at", flat=True))

    around_the_queueing(monkeypatch, first=first)
    at = one.row("p")["updated_at"]
    drained(one, backlog)
    assert committed == [at]


def test_what_somebody_fails_anew_at_that_moment_is_offered_again(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = iter(["KeyError: 5"])

    def first() -> None:
        for reason in reasons:
            one.change("p", last_failure_reason=reason)

    around_the_queueing(monkeypatch, first=first)
    _, session = drained(one, backlog)
    outcomes = Attempt.objects.filter(session=session).order_by("number")
    assert [each.outcome for each in outcomes] == ["retryable", "complete"]
    assert "somebody else is writing p" in outcomes[0].error


def test_what_somebody_takes_before_the_script_looks_is_refused_and_no_failure(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then() -> None:
        one.change("p", state="EXECUTING", last_failure_reason="theirs")

    around_the_queueing(monkeypatch, then=then)
    attempt, session = drained(one, backlog)
    assert (attempt.outcome, attempt.exit_code) == ("diverted", 2)
    assert session_result(session)["excluded"] == {"leased": 1}
    assert (one.row("p")["state"], one.row("p")["last_failure_reason"]) == ("EXECUTING", "theirs")
    assert ours() == one.states()
    one.change("p", state="SKIPPED")
    look_again()
    assert ours() == {"r/p": "SKIPPED"}, "followed without an import"


@pytest.mark.parametrize("mode", ["import", "crash"])
def test_a_script_that_dies_before_it_took_its_phase_leaves_its_row_as_it_was(
    one: Pipeline, backlog: Backlog, mode: str
) -> None:
    before = one.row("p")
    one.tell(STUB_MODE=mode)
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, one.row("p")) == ("failed", before)
    assert ours() == one.states()


def test_a_script_that_cannot_be_started_leaves_its_row_as_it_was(
    one: Pipeline, backlog: Backlog
) -> None:
    before = one.row("p")
    argv = ["/bin/true", "{params[nothing]}"]
    ExecutorProfile.objects.filter(pk=one.profile.pk).update(argv=argv, preflight="")
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, attempt.exit_code) == ("failed", None)
    assert one.row("p") == before
    assert ours() == one.states()


@pytest.mark.parametrize(
    ("command", "outcome", "left"),
    [(Command.CANCEL, "cancelled", "FAILED"), (Command.LOST, "lost", "QUEUED")],
)
def test_a_script_that_is_stopped_before_it_is_started_leaves_its_row_as_it_was_while_it_is_ours(
    one: Pipeline,
    backlog: Backlog,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    outcome: str,
    left: str,
) -> None:
    before = one.row("p")
    run = LocalExecution._run

    def stopped(execution: LocalExecution, job: object) -> None:
        execution.stop(command)
        run(execution, job)

    monkeypatch.setattr(LocalExecution, "_run", stopped)
    attempt, _ = drained(one, backlog)
    assert (attempt.outcome, one.row("p")) == (outcome, {**before, "state": left})
    look_again()
    assert one.row("p") == before


def test_a_phase_that_we_end_before_it_was_taken_is_failed_again(
    one: Pipeline, backlog: Backlog
) -> None:
    before = one.row("p")
    one.tell(STUB_MODE="idle")
    attempt, _ = drained(one, backlog, phase_timeout_seconds=1)
    words = f"[drainsite] timed out after 1 s; original: {OLD}"
    assert (attempt.outcome, one.row("p")) == ("timeout", {**before, "last_failure_reason": words})
    assert ours() == one.states()


def test_a_phase_that_somebody_queued_again_is_left_to_them_when_we_end_ours(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, Any] = {}

    def then() -> None:
        one.change("p", state="EXECUTING")
        one.change("p", state="QUEUED")
        written.update(one.row("p"))

    around_the_queueing(monkeypatch, then=then)
    one.tell(STUB_MODE="idle")
    attempt, session = drained(one, backlog, phase_timeout_seconds=1)
    assert (attempt.outcome, one.row("p")) == ("timeout", written)
    look_again()
    assert one.row("p") == written
    assert ours() == {"r/p": "QUEUED"}
    assert session.candidates.get().detail == TOLD
    assert Transition.objects.filter(verb="finish", reason__endswith=TOLD).exists()


def test_a_diverted_phase_that_somebody_queued_again_is_left_to_them(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.phase("r", "q", 1, "QUEUED")
    one.load()
    around_the_queueing(monkeypatch, then=lambda: one.change("p", state="QUEUED"))
    one.tell(STUB_MODE="divert")
    attempt, session = drained(one, backlog)
    assert attempt.outcome == "diverted"
    assert one.states() == ours() == {"r/p": "QUEUED", "r/q": "COMPLETE"}
    candidate = session.candidates.get(phase__phase_id="p")
    assert candidate.reason == "no_longer_failed"
    assert candidate.detail == f"Autopack ran q instead; {TOLD}"


@pytest.mark.verify
def test_in_a_source_without_times_what_is_queued_stays_so(one: Pipeline, backlog: Backlog) -> None:
    one.execute("ALTER TABLE phases DROP COLUMN updated_at")
    one.tell(STUB_MODE="import")
    drained(one, backlog)
    assert ours() == one.states() == {"r/p": "FAILED"}, "nothing was queued by us"
    argv = [sys.executable, "-c", QUEUE_AND_HANG, str(one.path)]
    ExecutorProfile.objects.filter(pk=one.profile.pk).update(argv=argv, preflight="")
    attempt, _ = drained(one, backlog, phase_timeout_seconds=2)
    assert attempt.outcome == "timeout"
    assert ours() == one.states() == {"r/p": "QUEUED"}


def test_a_phase_that_was_queued_before_is_left_so_when_we_end_it(
    one: Pipeline, backlog: Backlog
) -> None:
    one.change("p", state="QUEUED")
    one.load()
    before = one.row("p")
    one.tell(STUB_MODE="idle")
    scope = SessionScope(phase=Phase.objects.get().pk)
    session = backlog.drain(backlog.session(scope=scope, phase_timeout_seconds=1))
    attempt = Attempt.objects.get(session=session)
    assert (attempt.outcome, one.row("p")) == ("timeout", before)
    assert ours() == one.states()


def queue_and_die(one: Pipeline) -> Phase:
    """Return the phase of an attempt that is killed right after its phase was queued."""
    phase = Phase.objects.get(phase_id="p")
    row = row_now(one.source, "r", "p")
    assert row is not None
    ask_later(FOLLOW, phase.pk, one.source.pk, "", queued_at=row.written_at)
    assert writing.queue(one.source, row)
    return phase


@pytest.mark.parametrize("rescued", [True, False])
def test_what_a_lost_attempt_queued_is_failed_again(one: Pipeline, *, rescued: bool) -> None:
    before = one.row("p")
    phase = queue_and_die(one)
    assert one.row("p") == {**before, "state": "QUEUED"}
    if rescued:
        note_lost(phase.pk, one.source.pk, "lost: its worker died")
        before["last_failure_reason"] = f"[drainsite] lost: its worker died; original: {OLD}"
    look_again()
    assert one.row("p") == before
    assert ours() == one.states()
    one.change("p", state="QUEUED", updated_at=before["updated_at"])
    look_again()
    assert one.states() == {"r/p": "QUEUED"}, "what comes later is theirs, and be it by hand"


def test_what_somebody_queued_after_a_loss_is_left_to_them(one: Pipeline) -> None:
    phase = queue_and_die(one)
    one.change("p", state="QUEUED")
    note_lost(phase.pk, one.source.pk, "lost: its worker died")
    look_again()
    assert ours() == one.states() == {"r/p": "QUEUED"}


def test_what_a_lost_attempt_queued_is_drained_before_anybody_has_looked(
    one: Pipeline, backlog: Backlog
) -> None:
    queue_and_die(one)
    attempt, _ = drained(one, backlog)
    assert attempt.outcome == "complete"
    assert ours() == one.states() == {"r/p": "COMPLETE"}
    assert not SourceDebt.objects.exists()


def test_what_a_person_queues_after_an_attempt_is_no_leftover_of_it(
    one: Pipeline, backlog: Backlog
) -> None:
    one.tell(STUB_MODE="import")
    drained(one, backlog)
    (result,) = requeue([Phase.objects.get().pk], "by hand", Person("ada", Origin.COMMAND))
    assert result.done, result.said
    look_again()
    assert ours() == one.states() == {"r/p": "QUEUED"}
