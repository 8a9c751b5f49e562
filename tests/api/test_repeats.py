"""A script that lost an answer asks again under the same key, and there is one drain;
what fails says no secret.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from drain.api import reads
from drain.engine.maintenance import tend
from drain.engine.sessions.idempotency import KEPT, Repeat, start_once
from drain.engine.sessions.planning import DrainRequest
from drain.engine.sessions.scope import SessionScope
from drain.models import DrainSession, ExecutorProfile, RepeatKey
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.policy.stopping.limits import Limits
from tests.factories import PhaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def backlog(db):
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    PhaseFactory()


def _ask(script, key, body=None):
    return script.ask("POST", "drains", body or {"note": "x"}, **{"Idempotency-Key": key})


def test_the_same_request_under_the_same_key_is_one_drain(script, backlog):
    asked = script()
    first, again = _ask(asked, "nightly-1"), _ask(asked, "nightly-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again["Idempotency-Replayed"] == "true"
    assert _ask(asked, "nightly-2").json()["session"] != first.json()["session"]
    assert DrainSession.objects.count() == 2


def test_a_key_means_one_request_of_one_person(script, backlog):
    asked = script()
    first = _ask(asked, "k", {"note": "x", "limits": {"parallel": 2}}).json()["session"]
    assert _ask(asked, "k", {"limits": {"parallel": 2}, "note": "x"}).json()["session"] == first
    answer = _ask(asked, "k", {"note": "y"})
    assert answer.status_code == 422
    assert "was used for another drain" in answer.json()["error"]
    assert _ask(script(Role.MANAGER), "k", {"note": "y"}).json()["session"] != first


def test_a_request_that_was_refused_leaves_its_key_free(script, backlog):
    asked = script()
    assert _ask(asked, "k", {"run_ids": ["nope"]}).status_code >= 400
    answer = _ask(asked, "k")
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False)


@pytest.mark.parametrize("key", ["", "two words", "ü", "k" * 201])
def test_a_key_that_is_none_is_refused(script, key):
    answer = _ask(script(), key)
    assert answer.status_code == 422
    assert "1 to 200 printable" in answer.json()["error"]
    assert not DrainSession.objects.exists()


def test_a_key_holds_for_a_day_and_maintenance_forgets_it(script, backlog):
    asked = script()
    first = _ask(asked, "k").json()["session"]
    tend()
    assert _ask(asked, "k").json()["session"] == first
    RepeatKey.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    tend()
    assert not RepeatKey.objects.exists()
    assert _ask(asked, "k").json()["session"] != first


@pytest.mark.django_db(transaction=True)
def test_the_same_request_on_two_connections_at_once_is_one_drain(transactional_db):
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    PhaseFactory()
    # Without a role: an emptied database has none, and rights were asked for at the door.
    ada, start = User.objects.create_user("ada"), Barrier(4)
    asked = DrainRequest(SessionScope(), Limits(), "ada", Origin.API)

    def ask(_: int) -> tuple[int, bool]:
        try:
            start.wait()
            session, again = start_once(asked, Repeat(ada.pk, "k", "d"), timezone.now())
            return session.pk, again
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert len({session for session, _ in found}) == 1
    assert sorted(again for _, again in found) == [False, True, True, True]
    assert DrainSession.objects.count() == 1


def test_what_nobody_expected_is_json_without_a_secret_and_the_log_has_it(
    script, monkeypatch, caplog
):
    """No request is known that fails so, so the failure is put where one would be."""

    def broken() -> None:
        raise RuntimeError("postgresql://drain:hunter2@db/drain")

    monkeypatch.setattr(reads, "strength", broken)
    with caplog.at_level(logging.ERROR):
        said = script().get("overview", 500)
    assert list(said) == ["error"]
    assert "hunter2" not in said["error"]
    number = said["error"].split()[-1].rstrip(".")
    assert any(number in line.getMessage() and line.exc_info for line in caplog.records)
