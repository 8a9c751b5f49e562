"""The inbox: what happened, newest first, each with its link; test messages are nobody's news."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import caches

from drain.dashboard.news import views
from drain.models import AuditEvent, NewsChoice, Notice
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def notice(number: int, kind: str = "drain.ended", title: str = "") -> Notice:
    return Notice.objects.create(
        kind=kind, about=str(number), since=NOON + timedelta(minutes=number),
        title=title or f"Title {number}", path=f"/drains/{number}/",
    )  # fmt: skip


def test_news_stands_newest_first_by_pages_and_narrows_to_a_kind(monkeypatch):
    monkeypatch.setattr(views, "LISTED", 2)
    for number in range(3):
        notice(number)
    notice(3, "test")
    notice(4, "host.silent", "<b>gone</b>")
    client = signed_in(Role.VIEWER)
    page = client.get("/news/").content.decode()
    assert page.index("&lt;b&gt;gone") < page.index("Title 2")
    assert "Title 1" not in page
    assert "Title 3" not in page
    assert 'href="/drains/2/"' in page
    older = client.get("/news/", {"before": Notice.objects.get(about="2").pk}).content.decode()
    assert "Title 1" in older
    only = client.get("/news/", {"kind": "host.silent"}).content.decode()
    assert "Title 2" not in only
    assert "gone" in only


def test_an_empty_inbox_says_so():
    client = signed_in(Role.VIEWER)
    assert "No news yet" in client.get("/news/").content.decode()
    assert "Nothing of that kind" in client.get("/news/?kind=host.silent").content.decode()


def unseen_in(page: str) -> str:
    found = re.search(r'aria-label="News, ([^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_frame_counts_what_is_not_seen_until_the_inbox_was_opened():
    notice(1)
    notice(2)
    client = signed_in(Role.VIEWER)
    assert unseen_in(client.get("/workers/").content.decode()) == "2 not seen yet"
    refresh = client.get("/news/", headers={"HX-Request": "true"}).content.decode()
    assert refresh.count(">New<") == 2
    assert client.get("/news/").content.decode().count(">New<") == 2
    caches["pages"].clear()
    assert unseen_in(client.get("/workers/").content.decode()) == "nothing new"
    notice(3)
    caches["pages"].clear()
    page = client.get("/news/").content.decode()
    assert page.count(">New<") == 1


def test_people_choose_what_they_hear_of():
    notice(1)
    notice(2, "host.silent", "gone")
    client = signed_in(Role.VIEWER)
    client.post("/news/choices/", {"inbox": ["host.silent"], "mail": ["drain.ended"]})
    choice = NewsChoice.objects.get()
    assert (choice.inbox, choice.mail) == (["host.silent"], ["drain.ended"])
    page = client.get("/news/").content.decode()
    assert "gone" in page
    assert "Title 1" not in page
    assert "Title 1" in client.get("/news/", {"kind": "drain.ended"}).content.decode()
    client.post("/news/choices/", {"inbox": ["nonsense"]})
    assert NewsChoice.objects.get().inbox == ["host.silent"]
    assert AuditEvent.objects.filter(verb="news.choose").count() == 1


def test_the_page_says_why_no_mail_comes():
    client = signed_in(Role.VIEWER)
    assert "This site sends no mail" in client.get("/news/").content.decode()
    assert "DRAIN_EMAIL_URL" in client.post("/news/mail/", follow=True).content.decode()


def test_a_chat_is_given_tried_and_forgotten_on_the_page_and_its_address_never_shown(settings):
    client = signed_in(Role.VIEWER)
    assert "This site sends to no chat" in client.get("/news/").content.decode()
    assert 'name="address"' not in client.get("/news/").content.decode()
    settings.DRAIN_CHAT_SERVICES = ["json"]
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.1"]
    page = " ".join(client.get("/news/").content.decode().split())
    assert "DRAIN_EMAIL_URL. Give the address of your chat" in page
    made = client.post("/news/chat/", {"address": "json://127.0.0.1:1/path-key"}, follow=True)
    assert "The address is kept" in made.content.decode()
    client.post("/news/choices/", {"chat": ["drain.ended"]})
    assert NewsChoice.objects.get().chat == ["drain.ended"]
    page = client.post("/news/chat/test/", follow=True).content.decode()
    assert "The test message was not taken" in page
    assert page.count("could not be reached") == 2, "the message, and what came of the latest"
    assert "path-key" not in page
    page = client.post("/news/chat/forget/", follow=True).content.decode()
    assert "Give the address of your chat" in page
