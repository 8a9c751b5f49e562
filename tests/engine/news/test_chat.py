"""News in people's chats: through apprise to a real receiver, one message an event,
and nowhere that no message may go.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.news import chat as sending
from drain.engine.news import chat_addresses
from drain.engine.news.chat_addresses import address_in, forget_address, keep_address
from drain.engine.news.deliver import Message, chat_test, deliver, send_again
from drain.engine.news.inbox import choose
from drain.engine.news.post import Event, post
from drain.engine.news.send import SendResult
from drain.models import AuditEvent, ChatAddress, Delivery
from drain.models.roles import Role
from drain.models.vocabulary import NoticeKind
from tests.engine.news.conftest import ANN, KINDS
from tests.factories import NOON
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera(settings) -> User:
    settings.DRAIN_CHAT_SERVICES = ["json", "jsons", "slack"]
    return person(Role.VIEWER, "vera")


def event(number: int = 7, title: str = "Drain 7 finished") -> Event:
    return Event(NoticeKind.DRAIN_ENDED, str(number), NOON, title, {}, "/drains/7/")


def soon():
    return timezone.now() + timedelta(seconds=1)


def chat(user: User, address: str) -> ChatAddress:
    """A chat of theirs, as `keep_address` writes it down: without asking apprise whether it can read it."""
    values = {"service": address.partition("://")[0], "sealed": chat_addresses._seal(address)}
    return ChatAddress.objects.update_or_create(user=user, defaults=values)[0]


def address(receiver, path: str = "/ok") -> str:
    return str(receiver.url(path)).replace("http://", "json://")


def test_news_comes_to_the_chat_of_who_chose_it_once_an_event(receiver, vera, settings):
    settings.DRAIN_SITE_URL = "https://drains.example.org"
    keep_address(vera, address(receiver), ANN)
    other = person(Role.VIEWER, "other")
    chat(other, address(receiver, "/other"))
    choose(vera, ANN, chat=["drain.ended"])
    post(event(title="Drain 7 of @channel <!here>\x1b[2J finished: ü"))
    post(event())
    post(Event(NoticeKind.HOST_SILENT, "h", NOON, "silent"))
    assert deliver(soon()) == 1
    (got,) = receiver.got
    said = json.loads(got["body"])
    assert got["path"] == "/ok"
    assert said["title"] == "drainsite"
    assert "https://drains.example.org/drains/7/" in said["message"]
    assert "finished: ü" in said["message"]
    # What a phase printed wakes nobody in the channel, and no terminal obeys it.
    assert [each for each in ("@channel", "<!here", "\x1b") if each in said["message"]] == []
    found = Delivery.objects.get()
    assert (found.state, found.status, found.to) == ("delivered", 204, "A receiver of JSON of vera")


def test_an_address_stands_nowhere_as_it_was_given(receiver, vera, client):
    keep_address(vera, address(receiver, "/T0/path-key"), ANN)
    chat_test(vera, ANN)
    rows = [*ChatAddress.objects.all(), *AuditEvent.objects.all(), *Delivery.objects.all()]
    assert "path-key" not in serializers.serialize("json", rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM drain_chataddress")
        assert "127.0.0.1" not in cursor.fetchone()[0]
    client.force_login(vera)
    assert "path-key" not in client.get("/news/").content.decode()
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"chat.keep", "chat.test"} <= verbs


def test_what_a_service_does_not_take_is_tried_again_and_given_up(receiver, vera):
    chat(vera, address(receiver, "/status/404"))
    choose(vera, ANN, chat=KINDS)
    post(event())
    deliver(soon())
    found = Delivery.objects.get()
    assert (found.state, found.tries, found.status) == ("waiting", 1, 404)
    assert found.error == "A receiver of JSON answered 404."
    Delivery.objects.update(tries=6)
    deliver(Delivery.objects.get().due_at + timedelta(seconds=1))
    assert Delivery.objects.get().state == "failed"
    chat(vera, address(receiver))
    send_again(str(found.pk), ANN)
    deliver(soon())
    assert Delivery.objects.get().state == "delivered", "by the address that they have now"


def test_a_redirect_is_not_followed(receiver, vera):
    chat(vera, address(receiver, "/moved"))
    assert chat_test(vera, ANN).state == "failed"
    assert [each["path"] for each in receiver.got] == ["/moved"]


def test_no_message_goes_where_only_this_machine_can(receiver, vera, settings):
    chat(vera, address(receiver))
    settings.DRAIN_WEBHOOK_NETWORKS = []
    sent = chat_test(vera, ANN)
    assert sent.error.startswith("It is 127.0.0.1, which is not a public address")
    assert receiver.got == []


@pytest.mark.verify
def test_a_receiver_that_answers_a_byte_at_a_time_is_cut_off(receiver, vera, monkeypatch):
    chat(vera, address(receiver, "/drip"))
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 2.0)
    sent = chat_test(vera, ANN)
    assert sent.error == "It took too long to answer."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "begins with json://"),
        ("https://example.org/", "begins with json://"),
        ("discord://1/2", "begins with json://"),
        ("syslog://", "begins with json://"),
        ("file:///etc/passwd", "begins with json://"),
        ("JSON://example.org/", "begins with json://"),
        ("json://example.org/?verify=no", "question mark"),
        ("slack://A/B/C/?template=/etc/passwd", "question mark"),
        ("json://example.org/a b", "a space"),
        ("json://example.org/\x00", "a space"),
        ("json://" + "a" * 2000, "more than 2,000"),
        ("slack://nonsense", "cannot read this address"),
        ("json://", "cannot read this address"),
    ],
)
def test_an_address_that_is_none_for_this_site_is_a_sentence_without_it(vera, given, sentence):
    with pytest.raises(EngineError, match=sentence) as raised:
        keep_address(vera, given, ANN)
    assert "passwd" not in str(raised.value)
    assert not ChatAddress.objects.exists()
    assert not AuditEvent.objects.exists()


def test_who_has_left_or_may_see_nothing_gets_none(receiver, vera, settings):
    chat(vera, address(receiver))
    choose(vera, ANN, chat=KINDS)
    post(event())
    User.objects.filter(pk=vera.pk).update(is_active=False)
    deliver(soon())
    assert Delivery.objects.get().error == "This person has left."
    post(event(8))
    User.objects.filter(pk=vera.pk).update(is_active=True)
    settings.DRAIN_CHAT_SERVICES = ["slack"]
    post(event(9))
    vera.groups.clear()
    settings.DRAIN_CHAT_SERVICES = ["json"]
    post(event(10))
    assert Delivery.objects.count() == 1
    assert receiver.got == []


def test_a_service_that_is_named_no_more_and_another_secret_key_are_said(receiver, vera, settings):
    kept = chat(vera, address(receiver))
    settings.DRAIN_CHAT_SERVICES = ["slack"]
    assert "no longer names json" in chat_test(vera, ANN).error
    settings.DRAIN_CHAT_SERVICES = []
    with pytest.raises(EngineError, match="sends to no chat"):
        chat_test(vera, ANN)
    with pytest.raises(EngineError, match="sends to no chat"):
        keep_address(vera, address(receiver), ANN)
    settings.DRAIN_CHAT_SERVICES = ["json"]
    settings.SECRET_KEY = "another one"
    assert address_in(kept) is None
    assert "SECRET_KEY was changed" in chat_test(vera, ANN).error
    assert receiver.got == []


def test_a_host_without_what_speaks_to_chats_sends_all_else(receiver, vera, monkeypatch):
    chat(vera, address(receiver, "/chat"))
    choose(vera, ANN, chat=KINDS)
    receiver.hook()
    post(event())
    monkeypatch.setattr(sending, "find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    assert deliver(soon()) == 2
    assert [each["path"] for each in receiver.got] == ["/ok"]
    assert "sends to no chat" in Delivery.objects.get(chat__isnull=False).error


def test_a_forgotten_chat_has_no_messages_and_its_choices_stay(receiver, vera):
    with pytest.raises(EngineError, match="no address of a chat"):
        chat_test(vera, ANN)
    chat(vera, address(receiver))
    choose(vera, ANN, chat=KINDS)
    post(event())
    forget_address(vera, ANN)
    assert not Delivery.objects.exists()
    assert deliver(soon()) == 0
    assert AuditEvent.objects.order_by("-pk")[0].verb == "chat.forget"
    with pytest.raises(EngineError, match="no address of a chat"):
        forget_address(vera, ANN)


def test_a_chat_that_does_not_answer_keeps_nobody_from_theirs(receiver, vera):
    chat(vera, address(receiver))
    other = person(Role.VIEWER, "other")
    chat(other, address(receiver))
    choose(vera, ANN, chat=KINDS)
    for number in range(20):
        post(event(number))
    choose(other, ANN, chat=KINDS)
    post(event(99))
    sent: list[str] = []

    def sender(message: Message) -> SendResult:
        sent.append(str(message))
        return SendResult("")

    deliver(soon(), sender)
    assert Delivery.objects.get(chat__user=other).state == "delivered"
    assert len(sent) == 3
