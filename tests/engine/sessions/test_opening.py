"""The first step of a drain: whoever comes first takes it, once, and moves only what still waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.attempts.context import HostContext
from drain.engine.sessions import opening
from drain.engine.sessions.opening import open_session
from drain.models import DrainSession, ExecutorProfile
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.meetings import elsewhere
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


def host() -> HostContext:
    made = HostContext(environ={}, worker="h/1/w")
    made.refresh()
    return made


def planned(**changes: Any) -> DrainSession:
    failed_run("a")
    drain = HandDrain()
    DrainSession.objects.update(state="planned", **changes)
    drain.session.refresh_from_db()
    return drain.session


@pytest.mark.parametrize(("preflight", "becomes"), [("true", "running"), ("false", "refused")])
@pytest.mark.parametrize("meanwhile", ["stopping", "paused"])
def test_a_drain_that_somebody_moved_during_its_preflight_stays_where_it_is(
    monkeypatch: pytest.MonkeyPatch, preflight: str, becomes: str, meanwhile: str
) -> None:
    ExecutorProfile.objects.update(preflight=preflight)
    session, run = planned(), opening._run

    def moved(*given: Any) -> Any:
        DrainSession.objects.update(state=meanwhile)
        return run(*given)

    monkeypatch.setattr(opening, "_run", moved)
    open_session(session.pk, host())
    session.refresh_from_db()
    assert session.state == meanwhile
    monkeypatch.undo()
    DrainSession.objects.update(state="planned")
    open_session(session.pk, host())
    session.refresh_from_db()
    assert session.state == becomes


def test_a_drain_that_is_open_runs_no_preflight_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ExecutorProfile.objects.update(preflight="true")
    session, ran = planned(), []
    DrainSession.objects.update(state="running")
    monkeypatch.setattr(opening, "_run", lambda *given: ran.append(given))
    open_session(session.pk, host())
    assert ran == []


@pytest.mark.django_db(transaction=True)
def test_of_two_that_open_a_drain_at_once_one_runs_its_preflights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ExecutorProfile.objects.update(preflight="true")
    session, run, ran = planned(), opening._run, []

    def meets(*given: Any) -> Any:
        ran.append(given)
        if len(ran) == 1:
            elsewhere(lambda: open_session(session.pk, host()))
        return run(*given)

    monkeypatch.setattr(opening, "_run", meets)
    open_session(session.pk, host())
    session.refresh_from_db()
    assert (len(ran), session.state) == (1, "running")
