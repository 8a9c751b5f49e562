"""Acts on many rows: one result for each, whatever dies in between, and nobody acts who may not any more."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from drain import tasks
from drain.engine.bulk import worker as bulk
from drain.engine.bulk.actions import ROW_ACTIONS, ConfirmedAction, RowAction
from drain.engine.bulk.worker import BulkRequest, cancel_bulk, create_bulk, run_bulk, wake_bulk
from drain.engine.errors import EngineError
from drain.models import AuditEvent, BulkAction, BulkItem, Hold, Phase, Run, Transition
from drain.models.audit import Person
from drain.models.roles import Role, write_roles
from drain.models.transitions import bulk as door
from drain.models.vocabulary import Origin
from tests.factories import PhaseFactory, RunFactory
from tests.people import person

pytestmark = pytest.mark.django_db
# The database's clock stands still within a test, so that "too long ago" has to be long ago.
LONG = timedelta(seconds=bulk.SILENT_SECONDS, hours=1)
OLGA = Person("olga", Origin.ADMIN, "10.0.0.7")


@pytest.fixture(autouse=True)
def _olga(db):
    # A test with transactions of its own empties the database behind it, the roles with it.
    write_roles(apps)
    person(Role.OPERATOR, "olga")


def _queued(count, run=None):
    run = run or RunFactory()
    made = Phase.objects.bulk_create(
        Phase(run=run, phase_id=f"p{n}", phase_index=n, state="QUEUED") for n in range(count)
    )
    return [phase.pk for phase in made]


def _clear(pks, **changes):
    order = BulkRequest("clear_queued", "Clear", "phases", OLGA, {"to": "SKIPPED", "reason": "old"})
    action = create_bulk(order, pks)
    BulkAction.objects.filter(pk=action.pk).update(**changes)
    return action


def _now(action):
    action.refresh_from_db()
    return action.state, action.total, action.done, action.left_alone


def test_every_row_gets_one_result_and_the_counts_are_exact():
    pks = _queued(450)
    failed = PhaseFactory(state="FAILED").pk
    action = _clear([*pks, failed, 10**12])
    assert not run_bulk(action.pk)
    assert _now(action) == ("finished", 452, 450, 2)
    said = dict(BulkItem.objects.filter(action=action, done=False).values_list("target", "said"))
    assert "it is FAILED" in said[failed]
    assert "no such phase" in said[10**12]
    assert Phase.objects.filter(pk__in=pks, state="SKIPPED").count() == 450
    assert AuditEvent.objects.filter(verb="phase.clear_queued", address="10.0.0.7").count() == 450
    start = AuditEvent.objects.get(verb="bulk.start")
    assert (start.actor, start.reason, start.new["rows"]) == ("olga", "old", 452)


def test_a_task_that_runs_twice_does_nothing_twice():
    action = _clear(_queued(30))
    assert tasks.act_in_bulk(action.pk) == "over"
    before = Transition.objects.count()
    assert tasks.act_in_bulk(action.pk) == "over"
    assert _now(action) == ("finished", 30, 30, 0)
    assert Transition.objects.count() == before


def test_somebody_who_is_at_it_is_left_alone_until_silent():
    action = _clear(_queued(3), state="running", holder="0" * 31 + "1", beat_at=timezone.now())
    assert not run_bulk(action.pk)
    assert _now(action) == ("running", 3, 0, 0)
    old = timezone.now() - LONG
    BulkAction.objects.filter(pk=action.pk).update(beat_at=old)
    run_bulk(action.pk)
    assert _now(action) == ("finished", 3, 3, 0)


def test_a_step_that_dies_before_its_commit_leaves_nothing_behind():
    pks = _queued(3)
    action = _clear(pks)

    def die(lines):
        door.keep_results(action.pk, [(each.pk, each.done, "", "") for each in lines])
        raise KeyboardInterrupt

    given = {"to": "SKIPPED", "reason": "x"}
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        ROW_ACTIONS["clear_queued"].act(ConfirmedAction(pks, given, OLGA), die)
    assert _now(action) == ("waiting", 3, 0, 0)
    assert Phase.objects.filter(state="QUEUED").count() == 3
    run_bulk(action.pk)
    assert _now(action) == ("finished", 3, 3, 0)


def test_a_slice_ends_after_a_step_and_the_next_goes_on():
    action = _clear(_queued(450))
    assert run_bulk(action.pk, slice_seconds=0)
    assert _now(action) == ("running", 450, 200, 0)
    OrmQ.objects.all().delete()
    assert wake_bulk(action.pk) == 1
    assert OrmQ.objects.get().key == bulk.CLUSTER
    assert run_bulk(action.pk, slice_seconds=0)
    run_bulk(action.pk)
    assert _now(action) == ("finished", 450, 450, 0)


def test_maintenance_wakes_what_was_forgotten_and_nothing_else():
    action = _clear(_queued(2))
    assert wake_bulk() == 0, "it was asked for a moment ago"
    old = timezone.now() - LONG
    BulkAction.objects.filter(pk=action.pk).update(enqueued_at=old)
    assert wake_bulk() == 1
    run_bulk(action.pk)
    BulkAction.objects.filter(pk=action.pk).update(enqueued_at=old, beat_at=old)
    assert wake_bulk() == 0


def test_cancelling_keeps_what_is_done_and_touches_nothing_more():
    pks = _queued(450)
    action = _clear(pks)
    run_bulk(action.pk, slice_seconds=0)
    cancel_bulk(action.pk, OLGA)
    assert not run_bulk(action.pk)
    assert _now(action) == ("cancelled", 450, 200, 0)
    assert Phase.objects.filter(state="QUEUED").count() == 250
    with pytest.raises(EngineError, match="is cancelled: nothing is left to cancel"):
        cancel_bulk(action.pk, OLGA)
    assert AuditEvent.objects.filter(verb="bulk.cancel").count() == 1


def test_who_lost_the_right_since_can_do_nothing_by_an_old_order():
    action = _clear(_queued(3))
    User.objects.get(username="olga").groups.clear()
    run_bulk(action.pk)
    assert _now(action) == ("failed", 3, 0, 0)
    assert "olga may not do this any more" in action.error
    assert Phase.objects.filter(state="QUEUED").count() == 3


def test_a_right_that_is_lost_in_the_middle_ends_it_at_the_next_step(monkeypatch):
    action, act = _clear(_queued(250)), ROW_ACTIONS["clear_queued"].act

    def act_and_lose_the_right(asked, keep):
        act(asked, keep)
        User.objects.get(username="olga").groups.clear()

    monkeypatch.setitem(
        ROW_ACTIONS, "clear_queued", RowAction("drain.clear_queued", act_and_lose_the_right)
    )
    run_bulk(action.pk)
    assert _now(action) == ("failed", 250, 200, 0)
    assert Phase.objects.filter(state="QUEUED").count() == 50


def test_what_kills_its_workers_again_and_again_is_given_up_with_a_sentence():
    old = timezone.now() - LONG
    action = _clear(
        _queued(1), state="running", tries=bulk.TRIES, holder="0" * 31 + "1", beat_at=old
    )
    assert not run_bulk(action.pk)
    assert _now(action)[0] == "failed"
    assert "5 workers ended in the same step" in action.error


def test_an_act_without_a_reason_is_refused():
    order = BulkRequest("requeue", "Requeue", "phases", OLGA, {"reason": "  "})
    with pytest.raises(EngineError, match="A reason is missing"):
        create_bulk(order, [1])
    assert not BulkAction.objects.exists()


def test_runs_are_held_once_and_a_held_one_says_so():
    runs = [RunFactory().pk for _ in range(3)]
    given = {"reason": "quota", "until": (timezone.now() + timedelta(days=9)).isoformat()}
    first = create_bulk(BulkRequest("hold_runs", "Hold", "runs", OLGA, given), runs)
    run_bulk(first.pk)
    second = create_bulk(BulkRequest("hold_runs", "Hold", "runs", OLGA, given), runs[:1])
    run_bulk(second.pk)
    assert _now(first) == ("finished", 3, 3, 0)
    assert _now(second) == ("finished", 1, 0, 1)
    assert "is held already" in second.items.get().said
    assert Hold.objects.count() == 3


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
def test_kill_9_in_the_middle_loses_and_doubles_nothing(manage):
    run = Run.objects.create(run_id="big")
    pks = _queued(3000, run)
    action = _clear(pks)
    code = (
        f"from drain.engine.bulk.worker import run_bulk; run_bulk({action.pk}, slice_seconds=None)"
    )
    worker = manage("shell", "-v", "0", "-c", code)
    deadline = time.monotonic() + 300
    while BulkAction.objects.get(pk=action.pk).done < 400 and time.monotonic() < deadline:
        assert worker.poll() is None, worker.communicate()[1]
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    state, _, done, left = _now(action)
    assert state == "running"
    assert 0 < done < 3000
    old = timezone.now() - LONG
    BulkAction.objects.filter(pk=action.pk).update(beat_at=old)
    run_bulk(action.pk, slice_seconds=None)
    assert _now(action) == ("finished", 3000, 3000, 0)
    assert left == 0
    assert Transition.objects.filter(verb="clear_queued").count() == 3000
    assert AuditEvent.objects.filter(verb="phase.clear_queued").count() == 3000
