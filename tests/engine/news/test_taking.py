"""The sender of a message, and the sender whose word on it stands:
one at a time, condition by condition; nothing is sent here.
"""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.news import deliver
from drain.engine.news.deliver import send_again
from drain.engine.news.post import Event, post
from drain.engine.news.send import SendResult
from drain.models import Delivery, Notice, Webhook
from drain.models.audit import Person
from drain.models.vocabulary import NoticeKind, Origin
from tests.engine.attempts.meetings import elsewhere, held_up
from tests.factories import NOON

pytestmark = pytest.mark.django_db
ANN = Person("ann", Origin.COMMAND)
ENDED, STALE = NoticeKind.DRAIN_ENDED, NoticeKind.STALE


def hook(name: str = "x", **changes: Any) -> Webhook:
    values = {"url": "https://example.org/", "salt": "s", "key_check": "", "kinds": [ENDED]}
    return Webhook.objects.create(name=name, **{**values, **changes})


def told(about: str = "7", kind: NoticeKind = ENDED, minutes: int = 0, **quiet: Any) -> bool:
    event = Event(kind, about, NOON + timedelta(minutes=minutes), "something happened")
    return post(event, **quiet) is not None


def message(**changes: Any) -> Delivery:
    hook()
    assert told()
    Delivery.objects.update(**changes)
    return Delivery.objects.get()


def take() -> list[Delivery]:
    return deliver._take(timezone.now() + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"state": "delivered"}, False),
        ({"state": "failed"}, False),
        ({"due_at": timezone.now() + timedelta(days=1)}, False),
    ],
)
def test_a_message_is_taken_when_it_waits_and_is_due_and_then_not_for_a_minute(
    changes: dict[str, Any], taken: bool
) -> None:
    message(**changes)
    assert len(take()) == taken
    assert take() == []


def test_messages_of_a_webhook_that_is_off_wait() -> None:
    message()
    Webhook.objects.update(active=False)
    assert take() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_that_take_a_message_at_once_one_does_and_the_other_does_not_wait() -> None:
    message()
    with transaction.atomic():
        assert len(take()) == 1
        assert elsewhere(take) == []


def test_a_message_that_somebody_took_since_it_was_found_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message()

    def theirs_first() -> Any:
        monkeypatch.setattr(deliver, "transaction", transaction)
        assert len(take()) == 1
        return transaction.atomic()

    monkeypatch.setattr(deliver, "transaction", SimpleNamespace(atomic=theirs_first))
    assert take() == []


@pytest.mark.parametrize(
    ("since", "stands"), [({"state": "delivered"}, "delivered"), ({"tries": 2}, "waiting")]
)
def test_what_came_of_a_try_is_not_written_over_what_came_since(
    since: dict[str, Any], stands: str
) -> None:
    message()
    (taken,) = take()
    Delivery.objects.update(**since)
    deliver._book(taken, SendResult("refused"), last=True)
    assert Delivery.objects.get().state == stands


@pytest.mark.parametrize("state", ["waiting", "delivered"])
def test_only_what_was_given_up_is_sent_again(state: str) -> None:
    found = message(state=state)
    with pytest.raises(EngineError, match="given up"):
        send_again(str(found.pk), ANN)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_send_a_message_again_at_once_one_does() -> None:
    key = str(message(state="failed").pk)

    def second() -> str:
        try:
            send_again(key, ANN)
        except EngineError as error:
            return str(error)
        return "sent"

    with held_up(second) as said:
        send_again(key, ANN)
    assert "given up" in said()


def test_a_webhook_hears_of_what_it_asked_for_while_it_is_on_and_of_each_thing_once() -> None:
    hook("on")
    hook("off", active=False)
    hook("other", kinds=[STALE])
    assert told()
    assert not told()
    assert [each.to for each in Delivery.objects.all()] == ["on"]


@pytest.mark.parametrize(
    ("about", "kind", "minutes", "told_too"),
    [
        ("7", ENDED, 59, False),
        ("7", ENDED, 61, True),
        ("8", ENDED, 5, True),
        ("7", STALE, 5, True),
        ("7", ENDED, -5, True),
    ],
)
def test_of_one_thing_nothing_more_is_said_for_a_while(
    about: str, kind: NoticeKind, minutes: int, told_too: bool
) -> None:
    assert told()
    assert told(about, kind, minutes, quiet=timedelta(hours=1)) is told_too
    assert Notice.objects.count() == 1 + told_too
