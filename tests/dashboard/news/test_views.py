"""The inbox: what happened, newest first, each with its link; test messages are nobody's news."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.dashboard.news import views
from drain.models import Notice
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
