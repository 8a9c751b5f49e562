"""Autopack phases: its database has the last word, and both databases agree afterwards."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from drain.engine.clearing import clear_queued
from drain.engine.debts import held, promise, settle_debts
from drain.engine.planning import Asked, create_session, preview
from drain.engine.rescue import rescue
from drain.engine.results import session_result
from drain.engine.scope import SessionScope
from drain.models import (
    Attempt,
    AuditEvent,
    DrainSession,
    ExecutorProfile,
    Phase,
    Source,
    SourceDebt,
    TelemetryEvent,
    Transition,
)
from drain.models.audit import Person
from drain.models.door.phases import Why
from drain.models.vocabulary import Origin, PhaseState, SourceKind
from drain.policy.limits import Limits, QueuedPolicy
from drain.sources.autopack.importing import import_source
from drain.sources.autopack.profile import save_profile
from drain.sources.errors import SourceError

from .conftest import ROOT, SOMEBODY, Backlog, Manage

pytestmark = pytest.mark.django_db(transaction=True)

RUN = "research-system-v2"
DATA = ROOT / "tests" / "data"


class Autopack:
    """A copy of the sample database, imported, with the stub script behind it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "autopack.sqlite3"
        shutil.copy(DATA / "autopack_sample.sqlite3", self.path)
        self.source = Source.objects.create(
            name="sample",
            kind=SourceKind.AUTOPACK,
            url=f"sqlite:///{self.path}",
            workspace=str(DATA / "autopack_workspace"),
            settle_seconds=1,
        )
        self.profile = save_profile(self.source)
        self.load()

    def load(self) -> None:
        import_source(self.source, timezone.now())

    def tell(self, **env: str) -> None:
        """How the stub script behaves."""
        ExecutorProfile.objects.filter(pk=self.profile.pk).update(env={**self.profile.env, **env})

    def states(self) -> dict[str, str]:
        """What the source itself says."""
        with sqlite3.connect(self.path) as database:
            return dict(
                database.execute("SELECT phase_id, state FROM phases WHERE run_id = ?", [RUN])
            )

    def change(self, sql: str) -> None:
        with sqlite3.connect(self.path) as database:
            database.execute(sql)

    def session(self, **limits: Any) -> DrainSession:
        asked = Asked(
            SessionScope(run_ids=(RUN,)),
            Limits(**limits),
            SOMEBODY.name,
            SOMEBODY.origin,
            inline=True,
        )
        return create_session(asked, timezone.now())


@pytest.fixture
def autopack(tmp_path: Path, transactional_db: None) -> Autopack:
    return Autopack(tmp_path)


def ours() -> dict[str, str]:
    return dict(Phase.objects.filter(run__run_id=RUN).values_list("phase_id", "state"))


def test_the_reports_run_is_drained_and_both_databases_agree(
    autopack: Autopack, backlog: Backlog
) -> None:
    autopack.tell(STUB_MODE_research_cli="fail")
    session = backlog.drain(autopack.session())
    result = session_result(session)
    assert (result["processed"], result["complete"], result["failed"]) == (5, 4, 1)
    assert result["telemetry_events"] == 10
    assert ours() == autopack.states()
    failed = Phase.objects.get(run__run_id=RUN, phase_id="research-cli")
    assert "coverage_tracker" in failed.last_failure_reason


def test_telemetry_read_back_is_not_imported_a_second_time(
    autopack: Autopack, backlog: Backlog
) -> None:
    backlog.drain(autopack.session())
    before = TelemetryEvent.objects.count()
    autopack.load()
    assert TelemetryEvent.objects.count() == before


@pytest.mark.parametrize(
    ("policy", "selected", "queued"),
    [("phase", 5, 0), ("dependents", 5, 0), ("run", 0, 5), ("ignore", 5, 0)],
)
def test_the_reports_scenario_under_the_four_policies(
    autopack: Autopack, policy: str, selected: int, queued: int
) -> None:
    limits = Limits(queued_policy=QueuedPolicy(policy))
    plan = preview(SessionScope(run_ids=(RUN,)), limits, timezone.now())
    reasons = [line.reason.value for line in plan.excluded]
    assert (len(plan.selected), reasons.count("queued_in_run"), plan.total) == (selected, queued, 5)


def test_what_comes_after_an_earlier_queued_phase_waits(autopack: Autopack) -> None:
    autopack.change(
        f"UPDATE phases SET phase_index = 2 WHERE phase_id = 'research-integration' AND run_id = '{RUN}'"
    )
    autopack.load()
    plan = preview(SessionScope(run_ids=(RUN,)), Limits(), timezone.now())
    assert {item.phase_id for item in plan.selected} == {"research-orchestrator"}
    assert {line.reason for line in plan.excluded} == {"waits_for_queued"}
    assert "research-integration" in plan.excluded[0].detail


def test_a_diverted_run_is_not_reported_as_a_drain(autopack: Autopack, backlog: Backlog) -> None:
    autopack.tell(STUB_MODE_research_orchestrator="divert")
    session = backlog.drain(autopack.session(batch_size=1))
    result = session_result(session)
    assert Attempt.objects.get(session=session).outcome == "diverted"
    assert result["processed"] == 0
    assert result["excluded"]["waits_for_queued"] == 1
    assert ours()["research-integration"] == autopack.states()["research-integration"] == "COMPLETE"
    assert ours()["research-orchestrator"] == autopack.states()["research-orchestrator"] == "FAILED"


def test_a_phase_that_times_out_is_put_back_in_the_source(
    autopack: Autopack, backlog: Backlog
) -> None:
    autopack.tell(STUB_MODE="hang")
    session = backlog.drain(autopack.session(batch_size=1, phase_timeout_seconds=1))
    assert session_result(session)["timeouts"] == 1
    assert ours() == autopack.states()


def test_a_source_that_cannot_be_put_back_at_once_is_put_back_later(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that lasts longer than anybody waits for it cannot be had in a test of seconds."""

    def locked(*_given: object) -> bool:
        raise SourceError("it is locked")

    monkeypatch.setattr("drain.engine.around.write_back", locked)
    autopack.tell(STUB_MODE="hang")
    backlog.drain(autopack.session(batch_size=1, phase_timeout_seconds=1))
    assert ours() != autopack.states()
    assert settle_debts() == 0, "the attempt might still hold the phase"
    _wait_out()
    assert settle_debts() == 1
    assert ours() == autopack.states()


def test_a_state_that_never_settles_is_retryable(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.ending.back_off", lambda tries: 0.1)
    autopack.tell(STUB_MODE="stuck")
    session = backlog.drain(autopack.session(batch_size=1))
    attempts = Attempt.objects.filter(session=session)
    assert {attempt.outcome for attempt in attempts} == {"retryable"}
    assert attempts[0].error == "unsettled"


def test_token_escalation_is_retryable_and_no_failure(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.ending.back_off", lambda tries: 0.1)
    autopack.tell(STUB_MODE="retry")
    result = session_result(backlog.drain(autopack.session(batch_size=1)))
    assert (result["retryable"], result["failed"]) == (2, 0)


def test_a_source_that_is_away_fails_nothing(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.ending.back_off", lambda tries: 0.1)
    session = autopack.session(batch_size=1)
    autopack.path.rename(autopack.path.with_suffix(".away"))
    result = session_result(backlog.drain(session))
    assert (result["failed"], result["retryable"]) == (0, 2)


QUEUED = "research-integration"
ADA = Person("ada", Origin.API, "10.0.0.7")
# The verb as it is, ended by kill -9 just before or just after its write to the source.
KILLED = """
import os, signal
from drain.engine import clearing
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
        [phase], Why("clear_queued", "ada", "x"), PhaseState.QUEUED, PhaseState.FAILED, ADA
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
    Phase.objects.filter(pk=phase.pk).update(
        state="EXECUTING", lease_owner=lease, lease_expires_at=ago
    )
    autopack.change(f"UPDATE phases SET state = '{left}' WHERE phase_id = 'research-cli'")
    rescue()
    assert Attempt.objects.get(session=session).outcome == "lost"
    assert ours()["research-cli"] == autopack.states()["research-cli"] == agreed
    assert not SourceDebt.objects.exists()


def test_a_source_that_is_away_is_asked_again_later(autopack: Autopack) -> None:
    promise(
        [_queued().pk], Why("clear_queued", "ada", "x"), PhaseState.QUEUED, PhaseState.SKIPPED, ADA
    )
    autopack.change(f"UPDATE phases SET state = 'SKIPPED' WHERE phase_id = '{QUEUED}'")
    _wait_out()
    away = autopack.path.rename(autopack.path.with_suffix(".away"))
    assert settle_debts() == 0
    assert SourceDebt.objects.get().due_at > timezone.now()
    away.rename(autopack.path)
    _wait_out()
    settle_debts()
    assert ours() == autopack.states()
