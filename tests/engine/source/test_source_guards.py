"""Changes by others to a phase of Autopack, before and after us, are left alone and followed."""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.queue.clearing import clear_queued
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, DrainSession, Phase
from drain.models.audit import Person
from drain.models.vocabulary import Origin, PhaseState
from drain.sources.autopack.writing import write_back
from tests.engine.conftest import Backlog
from tests.engine.pipeline import OLD, Pipeline, drained, look_again, meanwhile, now, ours

pytestmark = pytest.mark.django_db(transaction=True)
SYNC = "drain.engine.attempts.source_sync"
READING = "drain.engine.attempts.source_reading"
ADA = Person("ada", Origin.COMMAND)


def test_what_somebody_queued_anew_after_our_attempt_is_the_pipeline_s(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 1.5)
    one.tell(STUB_MODE="retry")

    def touch() -> None:
        one.change("p", state="QUEUED", last_failure_reason="theirs")

    def first_is_over() -> bool:
        return Attempt.objects.filter(outcome="retryable", session__isnull=False).exists()

    thread = meanwhile(touch, first_is_over)
    _, session = drained(one, backlog)
    thread.join()
    assert session_result(session)["excluded"] == {"no_longer_failed": 1}
    row = one.row("p")
    assert (row["state"], row["last_failure_reason"], row["retry_attempt"]) == (
        "QUEUED",
        "theirs",
        2,
    )


def test_a_queued_phase_is_drained_by_name_if_it_is_its_turn(
    one: Pipeline, backlog: Backlog
) -> None:
    one.phase("r", "first", -2, "QUEUED")
    one.phase("r", "second", -1, "QUEUED")
    one.load()

    def by_name(phase_id: str, *, force: bool = False) -> DrainSession:
        scope = SessionScope(phase=Phase.objects.get(phase_id=phase_id).pk, force=force)
        return backlog.drain(backlog.session(scope=scope, batch_size=1))

    result = session_result(by_name("second"))
    assert (result["complete"], result["excluded"]) == (0, {"waits_for_queued": 1})
    assert session_result(by_name("first"))["complete"] == 1
    assert session_result(by_name("second"))["complete"] == 1
    assert (
        one.states() == ours() == {"r/p": "FAILED", "r/first": "COMPLETE", "r/second": "COMPLETE"}
    )


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("EXECUTING", "leased"),
        ("GATE", "leased"),
        ("CI_RUNNING", "leased"),
        ("COMPLETE", "no_longer_failed"),
        ("SKIPPED", "no_longer_failed"),
        ("QUEUED", "no_longer_failed"),
    ],
)
def test_what_moved_since_the_import_is_left_alone_and_followed(
    one: Pipeline, backlog: Backlog, state: str, reason: str
) -> None:
    session = one.session()
    one.change("p", state=state, last_failure_reason="somebody's own")
    before = one.row("p")
    one.tell(STUB_MODE="complete")
    result = session_result(backlog.drain(session))
    assert (result["processed"], result["excluded"]) == (0, {reason: 1})
    assert one.row("p") == before, "nothing is written"
    assert not one.execute("SELECT 1 FROM token_estimation_v2_events"), "nothing ran"
    assert ours() == one.states()


def test_a_queued_phase_that_came_since_the_import_is_not_run_instead(
    one: Pipeline, backlog: Backlog
) -> None:
    one.phase("r", "q", -1, "COMPLETE")
    one.load()
    session = one.session()
    one.change("q", state="QUEUED")
    result = session_result(backlog.drain(session))
    assert (result["processed"], result["excluded"]) == (0, {"waits_for_queued": 1})
    assert one.states() == ours() == {"r/p": "FAILED", "r/q": "QUEUED"}


def test_what_somebody_writes_after_our_last_look_is_not_written_over(
    one: Pipeline, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:

    def theirs_first(*given: Any) -> bool:
        one.change("p", state="EXECUTING", last_failure_reason="theirs")
        return write_back(*given)

    monkeypatch.setattr(f"{READING}.write_back", theirs_first)
    one.tell(STUB_MODE="hang")
    drained(one, backlog, phase_timeout_seconds=1)
    assert (one.row("p")["state"], one.row("p")["last_failure_reason"]) == ("EXECUTING", "theirs")
    look_again()
    assert ours() == one.states()


def test_clearing_puts_our_words_before_theirs_and_keeps_theirs_here(one: Pipeline) -> None:
    one.phase("r", "q", 1, "QUEUED", last_failure_reason=OLD)
    one.load()
    phase = Phase.objects.get(phase_id="q")
    (result,) = clear_queued([phase.pk], PhaseState.FAILED, "stale: nobody runs it", ADA)
    assert result.done
    assert (
        one.row("q")["last_failure_reason"] == f"[drainsite] stale: nobody runs it; original: {OLD}"
    )
    phase.refresh_from_db()
    assert (phase.state, phase.last_failure_reason) == ("FAILED", OLD)
    one.load()
    phase.refresh_from_db()
    assert phase.last_failure_reason == OLD


def test_a_phase_that_was_queued_anew_since_the_import_is_not_cleared(one: Pipeline) -> None:
    one.phase("r", "q", 1, "QUEUED")
    one.load()
    one.change("q", state="QUEUED", last_failure_reason="a newer one")
    phase = Phase.objects.get(phase_id="q")
    (result,) = clear_queued([phase.pk], PhaseState.FAILED, "stale", ADA)
    assert (result.done, "since the last import" in result.said) == (False, True)
    assert one.row("q")["last_failure_reason"] == "a newer one"


def test_an_end_that_a_person_gave_is_no_attempt_of_the_source(one: Pipeline) -> None:
    later = "2026-02-02 10:00:00.000000"
    for index, name in enumerate(("complete", "skipped", "failed")):
        one.phase("r", name, index + 1, "QUEUED", last_failure_reason=OLD, updated_at=later)
    one.load()
    for phase in Phase.objects.filter(state=PhaseState.QUEUED):
        (result,) = clear_queued([phase.pk], PhaseState(phase.phase_id.upper()), "by hand", ADA)
        assert result.done
    one.load()
    assert set(Attempt.objects.values_list("phase__phase_id", flat=True)) == {"p"}
    one.change("complete", state="COMPLETE", completed_at=now())
    one.load()
    again = Attempt.objects.get(phase__phase_id="complete")
    assert again.worker == "source:pipeline", "what it ended itself later is one"
