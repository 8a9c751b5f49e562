"""Whoever dies between the write to an Autopack source and ours, both databases agree again."""

from __future__ import annotations

import signal
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from drain.engine.queue import clearing
from drain.engine.queue.clearing import clear_queued, discard, requeue
from drain.engine.rescue import rescue
from drain.engine.source.outbox import held, note_lost, promise, settle_debts
from drain.models import Attempt, AuditEvent, Phase, SourceDebt, Transition
from drain.models.audit import Person
from drain.models.transitions.phases import MoveReason
from drain.models.vocabulary import Origin, PhaseState
from drain.sources.autopack.readback import row_now
from drain.sources.autopack.writing import write_back
from drain.sources.errors import SourceError
from tests.engine.autopack import RUN, Autopack, ours
from tests.engine.conftest import Backlog, Manage
from tests.people import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

QUEUED = "research-integration"
ADA = Person("ada", Origin.API, "10.0.0.7")
# The verb as it is, ended by kill -9 just before or just after its write to the source.
KILLED = """
import os, signal
from drain.engine.queue import clearing
from drain.models.audit import Person
from drain.models.vocabulary import Origin, PhaseState
write = clearing.write_back
def killed(*given):
    if {after}: write(*given)
    os.kill(os.getpid(), signal.SIGKILL)
clearing.write_back = killed
clearing.clear_queued([{phase}], PhaseState.COMPLETE, "done by hand", Person("ada", Origin.API, "10.0.0.7"))
"""


def _queued() -> Phase:
    return Phase.objects.get(run__run_id=RUN, phase_id=QUEUED)


def _kill_while_clearing(manage: Manage, *, after: bool) -> None:
    code = KILLED.format(phase=_queued().pk, after=after)
    worker = manage("shell", "-v", "0", "-c", code)
    assert worker.wait(60) == -signal.SIGKILL, worker.communicate()[1]
    worker.communicate()


def _wait_out() -> None:
    SourceDebt.objects.update(due_at=timezone.now())


def test_kill_9_between_the_write_to_the_source_and_ours_is_finished_by_maintenance(
    autopack: Autopack, manage: Manage
) -> None:
    _kill_while_clearing(manage, after=True)
    assert (autopack.states()[QUEUED], ours()[QUEUED]) == ("COMPLETE", "QUEUED")
    assert settle_debts() == 0, "its owner might still be at it"
    _wait_out()
    assert settle_debts() == 1
    assert ours() == autopack.states()
    moved = Transition.objects.get(verb="clear_queued")
    assert (moved.actor, moved.reason, moved.to_state) == ("ada", "done by hand", "COMPLETE")
    event = AuditEvent.objects.get(verb="phase.clear_queued")
    assert (event.actor, event.address, event.reason) == ("ada", "10.0.0.7", "done by hand")
    assert not SourceDebt.objects.exists()


def test_kill_9_before_the_write_to_the_source_has_changed_nothing_anywhere(
    autopack: Autopack, manage: Manage
) -> None:
    _kill_while_clearing(manage, after=False)
    _wait_out()
    assert settle_debts() == 1
    assert autopack.states()[QUEUED] == ours()[QUEUED] == "QUEUED"
    assert not Transition.objects.filter(verb="clear_queued").exists()
    assert not SourceDebt.objects.exists()


def test_who_repeats_what_was_killed_need_not_wait_for_maintenance(
    autopack: Autopack, manage: Manage
) -> None:
    _kill_while_clearing(manage, after=True)
    (result,) = clear_queued([_queued().pk], PhaseState.COMPLETE, "again", ADA)
    assert (result.done, "it is COMPLETE" in result.said) == (False, True)
    assert ours() == autopack.states()


def test_nobody_settles_what_somebody_is_at(autopack: Autopack) -> None:
    phase = _queued().pk
    owner = promise(
        [phase], MoveReason("clear_queued", "ada", "x"), PhaseState.QUEUED, PhaseState.FAILED, ADA
    )
    locked, done = Event(), Event()

    def busy() -> None:
        try:
            with transaction.atomic():
                assert held(owner) == {phase}
                locked.set()
                done.wait(30)
        finally:
            connection.close()

    thread = Thread(target=busy)
    thread.start()
    assert locked.wait(30)
    assert settle_debts([phase]) == 0
    (result,) = clear_queued([phase], PhaseState.COMPLETE, "x", ADA)
    done.set()
    thread.join()
    assert result.said == "somebody else is moving it at this moment"
    assert autopack.states()[QUEUED] == "QUEUED"


@pytest.mark.parametrize(
    ("left", "agreed"),
    [("COMPLETE", "COMPLETE"), ("EXECUTING", "FAILED"), ("FAILED", "FAILED")],
)
def test_after_a_lost_attempt_both_databases_say_what_the_child_came_to(
    autopack: Autopack, left: str, agreed: str
) -> None:
    session = autopack.session(batch_size=1)
    phase = Phase.objects.get(run__run_id=RUN, phase_id="research-cli")
    lease, ago = "0" * 31 + "1", timezone.now() - timedelta(hours=1)
    Attempt.objects.create(
        phase=phase,
        run=phase.run,
        session=session,
        number=7,
        lease=lease,
        started_at=ago,
        worker="gone",
    )
    Phase.objects.filter(pk=phase.pk).update(state="EXECUTING", lease_owner=lease)
    autopack.change(f"UPDATE phases SET state = '{left}' WHERE phase_id = 'research-cli'")
    rescue()
    assert Attempt.objects.get(session=session).outcome == "lost"
    assert ours()["research-cli"] == autopack.states()["research-cli"] == agreed
    assert not SourceDebt.objects.exists()


@pytest.mark.parametrize(("left", "agreed"), [("EXECUTING", "FAILED"), ("QUEUED", "QUEUED")])
def test_the_reason_that_a_lost_attempt_left_in_its_source_is_the_cause(
    autopack: Autopack, left: str, agreed: str
) -> None:
    phase = Phase.objects.get(run__run_id=RUN, phase_id="research-cli")
    written = timezone.now().replace(tzinfo=None)
    autopack.change(
        f"UPDATE phases SET state = '{left}', last_failure_reason = 'KeyError: 7', retry_attempt = retry_attempt + 1,"
        f" updated_at = '{written}' WHERE phase_id = 'research-cli'"
    )
    Phase.objects.filter(pk=phase.pk).update(state_changed_at=timezone.now())
    note_lost(phase.pk, autopack.source.pk, "lost: its worker died")
    assert settle_debts() == 1
    phase.refresh_from_db()
    assert (phase.state, phase.last_failure_reason) == (agreed, "KeyError: 7")
    row = row_now(autopack.source, RUN, "research-cli")
    assert row is not None
    assert (row.state, row.written_reason) == (agreed, "KeyError: 7"), "no words of ours over it"


def test_a_source_that_is_away_is_asked_again_later_and_pages_say_so(autopack: Autopack) -> None:
    promise(
        [_queued().pk],
        MoveReason("clear_queued", "ada", "x"),
        PhaseState.QUEUED,
        PhaseState.SKIPPED,
        ADA,
    )
    autopack.change(f"UPDATE phases SET state = 'SKIPPED' WHERE phase_id = '{QUEUED}'")
    _wait_out()
    away = autopack.path.rename(autopack.path.with_suffix(".away"))
    assert settle_debts() == 0
    assert SourceDebt.objects.get().due_at > timezone.now()
    # Tests of several connections have no roles: what their migration made is emptied with the rest.
    viewer = signed_in(None)
    User.objects.update(is_superuser=True)
    for page in ("/queued/", "/workers/", f"/phases/{_queued().pk}/"):
        assert "asked again every minute" in viewer.get(page).content.decode()
        assert str(autopack.path) in viewer.get(page).content.decode(), "the last error"
    away.rename(autopack.path)
    _wait_out()
    settle_debts()
    assert ours() == autopack.states()


@pytest.mark.verify
def test_a_source_that_cannot_be_put_back_at_once_is_put_back_later(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that lasts longer than anybody waits for it cannot be had in a test of seconds."""

    def locked(*_given: object) -> bool:
        raise SourceError("it is locked")

    monkeypatch.setattr("drain.engine.attempts.source_reading.write_back", locked)
    autopack.tell(STUB_MODE="hang")
    backlog.drain(autopack.session(batch_size=1, phase_timeout_seconds=1))
    assert ours() != autopack.states()
    assert settle_debts() == 0, "the attempt might still hold the phase"
    _wait_out()
    assert settle_debts() == 1
    assert ours() == autopack.states()


def test_a_source_that_does_not_answer_is_waited_for_once(
    autopack: Autopack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds for each of 500 phases would hold their debts for an hour."""
    asked = []

    def locked(*given: Any) -> bool:
        asked.append(given)
        return write_back(*given)

    monkeypatch.setattr(clearing, "write_back", locked)
    phases = list(
        Phase.objects.filter(run__run_id=RUN, state="FAILED").values_list("pk", flat=True)
    )
    autopack.path.unlink()
    results = requeue(phases, "again", ADA)
    assert (len(results), len(asked)) == (5, 1)
    assert {one.done for one in results} == {False}
    assert len({one.said for one in results}) == 1
    assert not SourceDebt.objects.exists()
    assert list(ours().values()).count("FAILED") == 5


def test_what_is_discarded_ends_in_its_source_too_or_in_neither(autopack: Autopack) -> None:
    phase, other, *_ = Phase.objects.filter(run__run_id=RUN, state="FAILED").order_by("pk")
    (done,) = discard([phase.pk], PhaseState.SKIPPED, "done by hand", ADA)
    assert done.done, done.said
    assert autopack.states()[phase.phase_id] == ours()[phase.phase_id] == "SKIPPED"
    autopack.change(f"UPDATE phases SET state = 'COMPLETE' WHERE phase_id = '{other.phase_id}'")
    (refused,) = discard([other.pk], PhaseState.SKIPPED, "done by hand", ADA)
    assert "has moved it since the last import" in refused.said
    assert (autopack.states()[other.phase_id], ours()[other.phase_id]) == ("COMPLETE", "FAILED")
    assert not SourceDebt.objects.exists()


def test_what_somebody_took_after_a_loss_is_not_put_back(autopack: Autopack) -> None:
    phase = Phase.objects.get(run__run_id=RUN, phase_id="research-cli")
    note_lost(phase.pk, autopack.source.pk, "lost: its worker died")
    later = (timezone.now() + timedelta(seconds=1)).replace(tzinfo=None)
    autopack.change(
        f"UPDATE phases SET state = 'EXECUTING', updated_at = '{later}' WHERE phase_id = 'research-cli'"
    )
    assert settle_debts() == 1
    assert autopack.states()["research-cli"] == ours()["research-cli"] == "EXECUTING"


def test_a_source_that_is_silent_is_asked_once_a_round(
    autopack: Autopack, monkeypatch: pytest.MonkeyPatch
) -> None:
    phases = Phase.objects.filter(run__run_id=RUN, state="FAILED")
    for phase in phases:
        note_lost(phase.pk, autopack.source.pk, "lost")
    looked: list[object] = []

    def silent(*given: object) -> object:
        looked.append(given)
        raise SourceError("it does not answer")

    monkeypatch.setattr("drain.engine.source.outbox.row_now", silent)
    assert settle_debts() == 0
    assert len(looked) == 1
    assert set(SourceDebt.objects.values_list("error", flat=True)) == {"it does not answer"}
    assert not SourceDebt.objects.filter(due_at__lte=timezone.now()).exists()
