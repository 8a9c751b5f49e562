"""News by mail: to who chose it, through a real server, with the number of a message in its head."""

from __future__ import annotations

import email
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.news.deliver import deliver, mail_test
from drain.engine.news.inbox import choice_of, choose, see, unseen
from drain.engine.news.post import Event, post
from drain.models import AuditEvent, Delivery, NewsChoice
from drain.models.roles import Role
from drain.models.vocabulary import NoticeKind
from tests.engine.news.conftest import ANN, KINDS
from tests.factories import NOON
from tests.people import person

pytestmark = pytest.mark.django_db
Sink = Callable[..., Callable[[], list[dict[str, Any]]]]


@pytest.fixture
def sink(tmp_path: Path, settings: Any) -> Iterator[Sink]:
    """Start a mail server, which refuses with a line if one is given; returns what reads its mail."""
    children = []

    def start(*refusal: str) -> Callable[[], list[dict[str, Any]]]:
        file = tmp_path / "mail.jsonl"
        script = Path(__file__).parents[2] / "smtp_sink.py"
        child = subprocess.Popen([sys.executable, script, file, *refusal], stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout is not None
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(child.stdout.readline())
        settings.DRAIN_SENDS_MAIL = True
        return lambda: (
            [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        )

    yield start
    for child in children:
        with child:
            child.kill()


@pytest.fixture
def vera() -> User:
    user = person(Role.VIEWER, "vera")
    user.email = "vera@example.org"
    user.save()
    return user


def event(
    number: int = 7, kind: NoticeKind = NoticeKind.DRAIN_ENDED, title: str = "Drain 7 finished"
) -> Event:
    return Event(kind, str(number), NOON + timedelta(minutes=number), title, {}, "/drains/7/")


def soon():
    return timezone.now() + timedelta(seconds=1)


def test_news_comes_by_mail_to_who_chose_it(sink, vera, settings):
    settings.DRAIN_SITE_URL, settings.DEFAULT_FROM_EMAIL = (
        "https://drains.example.org",
        "d@example.org",
    )
    mail = sink()
    choose(vera, ANN, mail=["drain.ended"])
    post(event(title="Drain 7\r\nBcc: all@example.org finished: ü"))
    post(event(kind=NoticeKind.HOST_SILENT))
    assert deliver(soon()) == 1
    (got,) = mail()
    assert got["to"] == ["<vera@example.org>"]
    message = email.message_from_string(got["text"], policy=policy.default)
    assert message["Subject"].strip() == "[drainsite] Drain 7 Bcc: all@example.org finished: ü"
    assert message["Bcc"] is None
    assert str(Delivery.objects.get().pk) in message["Message-ID"]
    assert "https://drains.example.org/drains/7/" in message.get_content()
    assert Delivery.objects.get().state == "delivered"


def test_who_may_not_see_the_pages_has_no_address_or_has_left_gets_none(sink, vera):
    sink()
    choose(vera, ANN, mail=KINDS)
    for change in ({"email": ""}, {"email": "v@example.org", "is_active": False}):
        User.objects.filter(pk=vera.pk).update(**change)
        assert post(event(len(change))) is not None
    User.objects.filter(pk=vera.pk).update(is_active=True)
    vera.groups.clear()
    post(event(5))
    assert not Delivery.objects.exists()


def test_who_left_before_it_was_sent_gets_none(sink, vera):
    mail = sink()
    choose(vera, ANN, mail=KINDS)
    post(event())
    User.objects.filter(pk=vera.pk).update(is_active=False)
    deliver(soon())
    assert mail() == []
    assert Delivery.objects.get().error == "This person has no mail address."


def test_a_site_without_a_mail_server_promises_none(vera):
    choose(vera, ANN, mail=KINDS)
    post(event())
    assert not Delivery.objects.exists()
    with pytest.raises(EngineError, match="DRAIN_EMAIL_URL"):
        mail_test(vera, ANN)


def test_a_refusing_server_and_one_that_is_away_are_sentences_and_tried_again(sink, vera, settings):
    sink("550 no such box, secret-of-the-server")
    choose(vera, ANN, mail=KINDS)
    post(event())
    deliver(soon())
    found = Delivery.objects.get()
    assert (found.state, found.tries) == ("waiting", 1)
    assert "could not be used" in found.error
    assert "secret-of" not in found.error
    settings.EMAIL_PORT = 1
    deliver(found.due_at + timedelta(seconds=1))
    assert "could not be used: Connection refused" in Delivery.objects.get().error


def test_a_test_message_is_sent_at_once_and_stands_in_the_audit(sink, vera):
    mail = sink()
    assert mail_test(vera, ANN).state == "delivered"
    assert len(mail()) == 1
    assert AuditEvent.objects.get().verb == "mail.test"
    vera.email = ""
    with pytest.raises(EngineError, match="no mail address"):
        mail_test(vera, ANN)


def test_choices_are_each_persons_own_and_unknown_ones_are_refused(vera):
    other = person(Role.VIEWER, "other")
    choose(vera, ANN, inbox=["host.silent"])
    post(event(1))
    post(event(2, NoticeKind.HOST_SILENT))
    assert (unseen(vera.pk), unseen(other.pk)) == (1, 2)
    see(vera.pk, 10**9)
    assert (unseen(vera.pk), unseen(other.pk)) == (0, 2)
    assert choice_of(vera.pk).inbox == ["host.silent"], "seeing keeps what was chosen"
    see(other.pk, 10**9)
    assert choice_of(other.pk).inbox == KINDS
    see(other.pk, 1)
    assert unseen(other.pk) == 0, "an old page does not make news unseen"
    with pytest.raises(EngineError, match="no news called"):
        choose(vera, ANN, inbox=["nonsense"])
    assert NewsChoice.objects.get(user=vera).inbox == ["host.silent"]
