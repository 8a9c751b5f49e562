"""Saved views: a list with its filters under a name, one's own, and never a way to another place."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth import get_user_model

from drain.dashboard.frame.saved_views import MOST
from drain.models import SavedView
from drain.models.roles import Role
from tests.dashboard.people import signed_in

pytestmark = pytest.mark.django_db
LISTS = {
    "run-list": ("/runs/", "state=FAILED"),
    "session-list": ("/drains/", "state=stopped"),
    "queued-list": ("/queued/", "stale=1"),
    "fingerprint-list": ("/fingerprints/", "status=new"),
    "search": ("/search/", "q=import"),
}


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def save(client, name="Mine", page="run-list", query="state=FAILED&q=tidy"):
    return client.post("/views/save/", {"page": page, "query": query, "name": name})


def said(client, answer):
    """The messages on the page that the answer leads to."""
    page = client.get(answer["Location"]).content.decode()
    found = re.findall(r'<div class="message [^>]*>.*?<span>(.*?)</span>', page, re.DOTALL)
    return [unescape(message) for message in found]


@pytest.mark.parametrize("page", LISTS)
def test_the_filters_of_a_list_are_kept_under_a_name_and_shown_above_it(client, page):
    path, query = LISTS[page]
    assert "Save this view" in client.get(f"{path}?{query}").content.decode()
    assert save(client, "Look here", page, query)["Location"] == f"{path}?{query}"
    page_text = client.get(path).content.decode()
    assert f'href="{path}?{query}"' in page_text
    assert "Look here" in page_text
    here = client.get(f"{path}?{query}").content.decode()
    assert 'aria-current="true">Look here' in here
    assert "Save this view" not in here


def test_a_list_without_filters_and_views_shows_nothing_of_it(client):
    assert "Saved views" not in client.get("/runs/").content.decode()


def test_the_place_in_a_list_is_not_kept(client):
    save(client, query="state=FAILED&before=17&after=3&hours=9")
    assert SavedView.objects.get().query == "state=FAILED"


def test_the_same_name_again_replaces_the_filters(client):
    save(client)
    save(client, query="held=1")
    assert SavedView.objects.get().query == "held=1"


def test_a_view_is_renamed_and_deleted(client):
    save(client)
    view = SavedView.objects.get()
    answer = client.post(f"/views/{view.pk}/rename/", {"name": "Other"})
    assert said(client, answer)[-1:] == ["Mine is called Other now."]
    client.post(f"/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


def test_two_views_of_a_list_cannot_have_one_name(client):
    save(client, "One")
    save(client, "Two")
    answer = client.post(f"/views/{SavedView.objects.get(name='Two').pk}/rename/", {"name": "One"})
    assert said(client, answer)[-1:] == ["There is a view One already: choose another name."]


def test_views_of_others_are_neither_seen_nor_touched(client):
    other = get_user_model().objects.create_user("other")
    view = SavedView.objects.create(user=other, page="run-list", name="Theirs", query="held=1")
    assert "Theirs" not in client.get("/runs/?held=1").content.decode()
    for act in ("rename", "delete"):
        assert client.post(f"/views/{view.pk}/{act}/", {"name": "x"}).status_code == 404
    assert SavedView.objects.get().name == "Theirs"


@pytest.mark.parametrize("page", ["", "//evil.example", "overview", "admin:index", "login"])
def test_only_our_lists_can_be_saved(client, page):
    assert save(client, page=page)["Location"] == "/"
    assert not SavedView.objects.exists()


def test_a_view_leads_to_its_list_whatever_its_row_says(client):
    user = get_user_model().objects.get()
    evil = "//evil.example/?state=x&next=https://evil.example&q=%00y"
    view = SavedView.objects.create(user=user, page="run-list", name="x", query=evil)
    page = client.get("/runs/").content.decode()
    assert 'href="/runs/?q=y"' in page
    answer = client.post(f"/views/{view.pk}/rename/", {"name": "y"})
    assert answer["Location"].startswith("/runs/")


def test_a_name_stays_text_and_shows_all_there_is_of_it(client):
    save(client, "<script>alert(1)</script>\u202e\x1b[2J")
    assert "\u202e" not in SavedView.objects.get().name
    page = client.get("/runs/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u200b"])
def test_a_view_needs_a_name_that_can_be_seen(client, name):
    answer = save(client, name)
    assert said(client, answer) == ["A view needs a name: say in a few words what it shows."]


def test_an_unfiltered_list_is_not_kept(client):
    assert "Nothing is filtered here" in said(client, save(client, query="before=3"))[0]


def test_nobody_keeps_more_views_than_a_page_can_show(client):
    user = get_user_model().objects.get()
    for number in range(MOST):
        SavedView.objects.create(user=user, page="run-list", name=str(number), query="held=1")
    assert "delete one first" in said(client, save(client))[0]
    assert "Saved as 3." in said(client, save(client, "3"))


def test_saving_needs_the_token_of_the_form():
    client = signed_in(Role.VIEWER, csrf=True)
    assert save(client).status_code == 403
