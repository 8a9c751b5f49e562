"""Messages arrive signed, at least once, and are tried again until they are given up;
nobody waits for a dead receiver.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.news import send as sending
from drain.engine.news.deliver import AT_ONCE, PAUSES, Message, deliver, send_again, send_test
from drain.engine.news.post import Event, post
from drain.engine.news.send import SendResult
from drain.engine.news.webhooks import change_webhook, renew_secret
from drain.models import AuditEvent, Delivery, ExecutorProfile, Notice, Webhook
from drain.models.vocabulary import NoticeKind
from tests.engine.news.conftest import ANN
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def event(about: str = "7", title: str = "Drain 7 finished", **facts: object) -> Event:
    return Event(NoticeKind.DRAIN_ENDED, about, NOON, title, facts, "/drains/7/")


def soon():
    return timezone.now() + timedelta(seconds=1)


def test_a_message_arrives_with_a_signature_that_a_receiver_can_check(receiver, settings):
    settings.DRAIN_SITE_URL = "https://drains.example.org"
    _, secret = receiver.hook()
    post(event(complete=3))
    assert deliver(soon()) == 1
    (got,) = receiver.got
    headers = got["headers"]
    # As docs/news.md says it, with the standard library alone.
    signed = f"{headers['Drainsite-Timestamp']}.{got['body']}".encode()
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, headers["Drainsite-Signature"])
    assert abs(int(headers["Drainsite-Timestamp"]) - timezone.now().timestamp()) < 60
    body = json.loads(got["body"])
    delivery = Delivery.objects.get()
    assert headers["Drainsite-Event"] == body["event"] == "drain.ended"
    assert headers["Drainsite-Delivery"] == body["delivery"] == str(delivery.pk)
    assert body["facts"] == {"complete": 3}
    assert body["link"] == "https://drains.example.org/drains/7/"
    assert (delivery.state, delivery.status, delivery.tries) == ("delivered", 204, 1)
    assert deliver(soon()) == 0


def test_the_same_event_is_told_once(receiver):
    receiver.hook()
    assert post(event()) is not None
    assert post(event()) is None
    assert Delivery.objects.count() == 1


def test_what_a_webhook_does_not_hear_of_is_not_sent_and_off_waits(receiver):
    receiver.hook("all")
    receiver.hook("hosts")
    change_webhook("hosts", ANN, kinds=["host.silent"])
    post(event())
    assert [each.to for each in Delivery.objects.all()] == ["all"]
    change_webhook("all", ANN, active=False)
    assert deliver(soon()) == 0
    post(event("8"))
    assert Delivery.objects.count() == 1
    change_webhook("all", ANN, active=True)
    assert deliver(soon()) == 1


def test_a_refused_message_is_tried_again_with_growing_pauses_and_then_given_up(receiver):
    receiver.hook(path="/status/500")
    post(event())
    for tries, pause in enumerate(PAUSES, 1):
        before = timezone.now()
        assert deliver(Delivery.objects.get().due_at + timedelta(seconds=1)) == 1
        found = Delivery.objects.get()
        assert (found.state, found.tries, found.error) == ("waiting", tries, "It answered 500.")
        assert before + pause <= found.due_at <= timezone.now() + pause
    deliver(Delivery.objects.get().due_at + timedelta(seconds=1))
    assert Delivery.objects.get().state == "failed"
    assert len(receiver.got) == len(PAUSES) + 1
    assert len({each["headers"]["Drainsite-Delivery"] for each in receiver.got}) == 1
    assert deliver(timezone.now() + timedelta(days=9)) == 0


def test_a_given_up_message_is_sent_again_by_a_person_and_no_other_one(receiver):
    hook, _ = receiver.hook(path="/status/500")
    post(event())
    with pytest.raises(EngineError, match="given up"):
        send_again(str(Delivery.objects.get().pk), ANN)
    Delivery.objects.update(state="failed", tries=7)
    send_again(str(Delivery.objects.get().pk), ANN)
    Webhook.objects.filter(pk=hook.pk).update(url=receiver.url())
    assert deliver(soon()) == 1
    assert Delivery.objects.get().state == "delivered"
    assert AuditEvent.objects.filter(verb="webhook.again").count() == 1


def test_whoever_is_killed_while_sending_leaves_the_message_to_be_sent_again():
    Webhook.objects.create(
        name="x", url="https://example.org/", salt="s", key_check="", kinds=["drain.ended"]
    )
    post(event())

    def killed(_letter: Message) -> SendResult:
        raise SystemExit

    Webhook.objects.update(key_check=_check())
    with pytest.raises(SystemExit):
        deliver(soon(), killed)
    found = Delivery.objects.get()
    assert (found.state, found.tries) == ("waiting", 1)
    assert deliver(soon(), lambda _: SendResult("")) == 0, "somebody may still be sending it"
    assert deliver(found.due_at + timedelta(seconds=1), lambda _: SendResult("", 200, 1)) == 1
    assert Delivery.objects.get().state == "delivered"


def _check() -> str:
    from drain.engine.news import webhooks

    return webhooks._check(webhooks._secret("s"))


def test_a_receiver_with_a_heap_of_messages_keeps_nobody_from_theirs(receiver):
    receiver.hook("busy")
    for number in range(10):
        post(event(str(number)))
    receiver.hook("other")
    post(event("last"))
    sent: list[str] = []

    def sender(letter: Message) -> SendResult:
        sent.append(str(letter))
        return SendResult("")

    deliver(soon(), sender)
    assert len(sent) == AT_ONCE + 1
    assert Delivery.objects.get(webhook__name="other").state == "delivered"


def test_redirects_are_not_followed(receiver):
    receiver.hook(path="/moved")
    sent = send_test("ops", ANN)
    assert sent.error.startswith("It answered 302: redirects are not followed")
    assert [each["path"] for each in receiver.got] == ["/moved"]


def test_the_connection_goes_to_the_address_that_was_judged_whatever_the_name_answers_next(
    receiver, monkeypatch
):
    asked, ask = [], socket.getaddrinfo

    def moves(host, *more, **named):
        if host != "moves.example.org":
            return ask(host, *more, **named)
        asked.append(host)
        return ask("127.0.0.1" if len(asked) == 1 else "127.0.0.9", *more, **named)

    hook, _ = receiver.hook()
    Webhook.objects.filter(pk=hook.pk).update(
        url=receiver.url("/ok").replace("127.0.0.1", "moves.example.org")
    )
    monkeypatch.setattr(socket, "getaddrinfo", moves)
    assert send_test("ops", ANN).state == "delivered"
    assert asked == ["moves.example.org"]


def test_a_receiver_that_answers_a_byte_at_a_time_is_cut_off(receiver, monkeypatch):
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 0.5)
    receiver.hook(path="/drip")
    sent = send_test("ops", ANN)
    assert sent.error == "It took too long to answer."
    assert sent.milliseconds is not None
    assert sent.milliseconds < 5000


def test_nobody_listening_is_one_sentence_and_a_test_is_tried_once(receiver):
    hook, _ = receiver.hook()
    Webhook.objects.filter(pk=hook.pk).update(url="http://127.0.0.1:1/secret-path")
    sent = send_test("ops", ANN)
    assert sent.state == "failed"
    assert "could not be reached" in sent.error
    assert "secret-path" not in sent.error
    assert deliver(timezone.now() + timedelta(days=1)) == 0


def test_messages_are_signed_with_a_new_secret_after_it_was_renewed(receiver):
    _, old = receiver.hook()
    _, new = renew_secret("ops", ANN, "leaked")
    assert old != new
    send_test("ops", ANN)
    (got,) = receiver.got
    given = got["headers"]["Drainsite-Signature"]
    stamp, body = got["headers"]["Drainsite-Timestamp"], got["body"].encode()
    assert given == f"v1={sending.signature(new, stamp, body)}"
    assert given != f"v1={sending.signature(old, stamp, body)}"


def test_another_secret_key_signs_nothing_and_says_so(receiver, settings):
    receiver.hook()
    settings.SECRET_KEY = "another one"
    sent = send_test("ops", ANN)
    assert "SECRET_KEY was changed" in sent.error
    assert receiver.got == []


def test_no_secret_leaves_with_a_message(receiver, monkeypatch):
    monkeypatch.setenv("DEPLOY_KEY", "passed-on-value")
    ExecutorProfile.objects.create(
        name="x",
        argv=["true"],
        env={"LEVEL": "stored-value", "N": "2"},
        env_from=["DEPLOY_KEY", "GONE"],
    )
    receiver.hook()
    text = "postgres://ann:s3cret@db/x failed with stored-value, passed-on-value and 2"
    post(event(title=text, title_too=text))
    deliver(soon())
    said = receiver.got[0]["body"] + str(Notice.objects.values().get())
    for secret in ("s3cret", "stored-value", "passed-on-value"):
        assert secret not in said
    assert "postgres://ann:***@db/x failed with ***, *** and 2" in said
