"""A bulk action belongs to one holder at a time, and each row gets one result: condition by condition."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from drain.models import BulkAction, BulkItem
from drain.models.transitions import bulk
from drain.models.vocabulary import BulkState

pytestmark = pytest.mark.django_db
ME, OTHER = uuid4(), uuid4()
LEASE = 30.0


def ago(seconds: float) -> Any:
    return Now() - timedelta(seconds=seconds)


def action(**changes: Any) -> int:
    """An action about the rows 1, 2 and 3 that waits for somebody."""
    made = BulkAction.objects.create(verb="clear", actor="ada", origin="command")
    bulk.freeze(made.pk, [1, 2, 3, 3])
    BulkAction.objects.filter(pk=made.pk).update(**changes)
    return made.pk


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"state": "running", "holder": OTHER, "beat_at": ago(LEASE - 2)}, False),
        ({"state": "running", "holder": OTHER, "beat_at": ago(LEASE + 2)}, True),
        ({"state": "running"}, True),
        ({"state": "finished", "ended_at": ago(1)}, False),
        ({"state": "cancelled", "ended_at": ago(1)}, False),
        ({"tries": 3}, False),
    ],
)
def test_an_action_is_taken_if_it_goes_on_and_nobody_alive_has_it(
    changes: dict[str, Any], taken: bool
) -> None:
    assert bulk.take(action(**changes), ME, lease=LEASE, tries=3) is taken


@pytest.mark.parametrize(
    ("changes", "beats"),
    [
        ({}, True),
        ({"holder": OTHER}, False),
        ({"state": "cancelled", "ended_at": ago(1)}, False),
    ],
)
def test_only_the_holder_of_what_goes_on_is_told_to_go_on(
    changes: dict[str, Any], beats: bool
) -> None:
    pk = action(**{"state": "running", "holder": ME, "beat_at": ago(1), **changes})
    assert bulk.beat(pk, ME) is beats


def test_a_row_is_frozen_once_and_gets_its_first_result_in_its_own_action() -> None:
    mine, other = action(), action()
    for done in (True, False):
        bulk.keep_results(mine, [(1, done, "one", "said")])
    assert (bulk.next_targets(mine, 9), bulk.next_targets(other, 9)) == ([2, 3], [1, 2, 3])
    counts = BulkAction.objects.filter(pk=mine).values_list("done", "left_alone").get()
    assert counts == (1, 0)
    assert BulkItem.objects.get(action=mine, target=1).done


def test_only_its_holder_gives_an_action_back() -> None:
    pk = action(state="running", holder=ME, beat_at=ago(1))
    bulk.free(pk, OTHER)
    assert BulkAction.objects.get(pk=pk).holder == ME
    bulk.free(pk, ME)
    assert BulkAction.objects.get(pk=pk).holder is None


def test_an_action_ends_once() -> None:
    pk = action()
    assert bulk.end(pk, BulkState.CANCELLED, by="ada")
    assert not bulk.end(pk, BulkState.FINISHED)
    assert BulkAction.objects.get(pk=pk).state == "cancelled"


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, True),
        ({"enqueued_at": ago(58)}, False),
        ({"enqueued_at": ago(62)}, True),
        ({"state": "running", "beat_at": ago(58)}, False),
        ({"state": "running", "beat_at": ago(62)}, True),
        ({"state": "finished", "ended_at": ago(1)}, False),
    ],
)
def test_what_goes_on_is_woken_again_if_nobody_does_it_or_was_asked_to(
    changes: dict[str, Any], due: bool
) -> None:
    pk = action(**changes)
    assert bulk.due(None, 60) == ([pk] if due else [])


def test_who_asks_for_one_action_wakes_no_other() -> None:
    mine, _other = action(), action()
    assert bulk.due(mine, 60) == [mine]
