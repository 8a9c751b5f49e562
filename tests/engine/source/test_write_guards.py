"""Clearing a phase writes its source first, and writes over nobody: neither here nor there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from drain.engine.queue import clearing
from drain.engine.queue.clearing import clear_queued
from drain.engine.source import outbox
from drain.models import Phase, Source, SourceDebt
from drain.models.vocabulary import PhaseState
from drain.sources.autopack import rows as autopack_rows
from drain.sources.autopack.writing import Change, reset_retries, write_back
from drain.sources.errors import SourceError
from tests.engine.attempts.meetings import elsewhere
from tests.engine.pipeline import Pipeline, ours
from tests.engine.source.owing import ADA, NOW, at, phase, promised, settle, unlocked

pytestmark = pytest.mark.django_db


def clear(name: str = "q") -> str:
    (result,) = clear_queued([phase(name).pk], PhaseState.COMPLETE, "by hand", ADA)
    return "" if result.done else result.said


def test_who_clears_again_what_was_cut_off_is_told_what_became_of_it(idle: Pipeline) -> None:
    promised("q")
    idle.change("q", state="COMPLETE", updated_at=idle.row("q")["updated_at"])
    assert "it is COMPLETE" in clear()
    assert ours()["r/q"] == "COMPLETE"
    assert not SourceDebt.objects.exists()


def test_a_phase_that_was_moved_here_since_it_was_looked_at_is_not_written_there(
    idle: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = outbox.held

    def moved_meanwhile(owner: Any) -> set[int]:
        Phase.objects.filter(phase_id="q").update(state="SKIPPED")
        return held(owner)

    monkeypatch.setattr(clearing, "held", moved_meanwhile)
    assert clear() == "somebody else is moving it at this moment"
    assert (idle.states()["r/q"], ours()["r/q"]) == ("QUEUED", "SKIPPED")


def test_a_phase_that_cannot_be_cleared_says_what_it_is_and_asks_no_source(idle: Pipeline) -> None:
    idle.path.unlink()
    assert "it is FAILED" in clear("p")


def test_a_phase_that_its_source_has_moved_is_cleared_in_neither(idle: Pipeline) -> None:
    idle.change("q", state="EXECUTING", updated_at=idle.row("q")["updated_at"])
    assert "has moved it since the last import" in clear()
    assert (idle.states()["r/q"], ours()["r/q"]) == ("EXECUTING", "QUEUED")
    idle.change("q", state="QUEUED", last_failure_reason="a newer one")
    assert "has moved it since the last import" in clear()


def test_a_phase_of_a_source_that_cannot_be_told_is_cleared_here_alone(idle: Pipeline) -> None:
    Source.objects.update(kind="files")
    assert clear() == ""
    assert (idle.states()["r/q"], ours()["r/q"]) == ("QUEUED", "COMPLETE")


def test_only_the_phases_that_are_being_cleared_are_locked(idle: Pipeline) -> None:
    idle.phase("r", "other", 2, "QUEUED")
    idle.load()
    move = clearing._Move("clear_queued", PhaseState.QUEUED, PhaseState.COMPLETE, "x", ADA)
    assert clearing._still([phase("q").pk], move) == {phase("q").pk}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["clear", "settle"])
def test_nobody_starts_a_phase_while_its_source_is_told_or_asked(
    idle: Pipeline, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    free: list[bool] = []

    def look(*_given: object) -> bool:
        found = elsewhere(lambda: list(unlocked("q")))
        free.append(bool(found))
        raise SourceError("it is away")

    monkeypatch.setattr(clearing, "write_back", look)
    monkeypatch.setattr(outbox, "row_now", look)
    if verb == "settle":
        promised("q")
        settle()
    else:
        clear()
    assert free == [False]


@pytest.mark.django_db(transaction=True)
def test_who_clears_does_not_wait_for_somebody_who_is_at_the_phase(idle: Pipeline) -> None:
    with transaction.atomic():
        assert unlocked("q")
        assert elsewhere(clear) == "somebody else is moving it at this moment"
    assert idle.states()["r/q"] == ours()["r/q"] == "QUEUED"


# What another executor does between our reading of the row and our writing to it.
@pytest.mark.parametrize(
    ("known", "meanwhile"),
    [
        ({}, {"state": "EXECUTING"}),
        ({}, {"updated_at": at(0)}),
        ({}, {"last_failure_reason": "theirs"}),
        ({"updated_at": None}, {"updated_at": at(0)}),
    ],
)
def test_a_row_that_somebody_wrote_after_it_was_read_is_not_written_over(
    idle: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    known: dict[str, Any],
    meanwhile: dict[str, Any],
) -> None:
    read = autopack_rows.row_of_phase

    def read_then_theirs(*given: Any) -> Any:
        found = read(*given)
        idle.change("q", **{"updated_at": idle.row("q")["updated_at"], **meanwhile})
        return found

    # Not every pipeline's table insists on a time.
    idle.run_script(
        "CREATE TABLE x AS SELECT * FROM phases; DROP TABLE phases; ALTER TABLE x RENAME TO phases"
    )
    idle.change("q", **{"updated_at": idle.row("q")["updated_at"], **known})
    monkeypatch.setattr(autopack_rows, "row_of_phase", read_then_theirs)
    told = Change("r", "q", PhaseState.QUEUED, PhaseState.FAILED, "ours")
    assert not write_back(idle.source, told)
    assert {name: idle.row("q")[name] for name in meanwhile} == meanwhile
    assert "ours" not in (idle.row("q")["last_failure_reason"] or "")


def test_a_phase_of_the_same_name_in_another_run_is_another_phase(idle: Pipeline) -> None:
    idle.run("other")
    idle.phase("other", "q", 0, "QUEUED")
    assert write_back(idle.source, Change("r", "q", PhaseState.QUEUED, PhaseState.SKIPPED))
    assert idle.states() == {"r/p": "FAILED", "r/q": "SKIPPED", "other/q": "QUEUED"}


def test_retries_are_set_back_only_of_a_failed_phase_that_nobody_wrote_since(
    idle: Pipeline,
) -> None:
    idle.change("p", updated_at=at(0), retry_attempt=3)
    idle.change("q", retry_attempt=3)
    assert not reset_retries(idle.source, "r", "q")
    assert not reset_retries(idle.source, "r", "p", NOW - timedelta(minutes=1))
    assert (idle.row("p")["retry_attempt"], idle.row("q")["retry_attempt"]) == (3, 3)
    assert reset_retries(idle.source, "r", "p", NOW)
    assert idle.row("p")["retry_attempt"] == 0
