"""News and webhooks over the API: for viewers and administrators, without secrets but once."""

from __future__ import annotations

import pytest

from drain.models import Notice, Webhook
from drain.models.roles import Role
from drain.models.vocabulary import NEWS
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_news_is_listed_for_viewers_and_narrows(script):
    for kind in ("drain.ended", "host.silent", "test"):
        Notice.objects.create(kind=kind, about="1", since=NOON, title=kind, facts={"drain": 1})
    viewer = script(Role.VIEWER)
    assert [item["event"] for item in viewer.get("news")["items"]] == ["host.silent", "drain.ended"]
    (item,) = viewer.get("news?event=drain.ended")["items"]
    assert (item["title"], item["facts"]) == ("drain.ended", {"drain": 1})
    viewer.get("news?event=nonsense", 422)


def test_a_webhook_is_made_tested_renewed_and_removed_by_an_administrator(script, settings):
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.1"]
    asked = script(Role.ADMINISTRATOR)
    body = {"name": "ops", "url": "http://127.0.0.1:1/path-key", "kinds": ["drain.ended"]}
    made = asked.post("webhooks", body, 201)
    assert made["secret"].startswith("drain_hook_")
    assert made["address"] == "http://127.0.0.1:1/…"
    (listed,) = asked.get("webhooks")["items"]
    assert "secret" not in listed
    assert "path-key" not in str(listed)
    at = f"webhooks/{made['id']}"
    tested = asked.post(f"{at}/test")
    assert (tested["taken"], tested["status"]) == (False, None)
    (message,) = asked.get(f"{at}/messages")["items"]
    assert (message["state"], message["event"]) == ("failed", "test")
    assert asked.post(f"{at}/renew", {"reason": "leaked"})["secret"] != made["secret"]
    asked.post(f"{at}/remove", {}, 422)
    assert asked.post(f"{at}/remove", {"reason": "moved"}) == {"removed": "ops"}
    assert not Webhook.objects.exists()
    asked.post(f"{at}/test", None, 404)
    asked.post("webhooks", body | {"url": "http://10.0.0.1/"}, 409)
    script(Role.MANAGER).get("webhooks", 403)


def test_a_person_chooses_over_the_api(script):
    viewer = script(Role.VIEWER)
    assert len(viewer.get("news/choices")["inbox"]) == len(NEWS)
    chosen = {"inbox": ["host.silent"], "mail": ["drain.ended"], "chat": []}
    assert viewer.post("news/choices", chosen) == chosen == viewer.get("news/choices")
    viewer.post("news/choices", {"inbox": ["nonsense"]}, 409)
    assert viewer.post("news/choices", {}) == chosen
    chosen |= {"chat": ["drain.ended"]}
    assert viewer.post("news/choices", {"chat": ["drain.ended"]}) == chosen


def test_the_chat_of_a_person_is_kept_tried_and_forgotten_and_never_shown(script, settings):
    settings.DRAIN_CHAT_SERVICES = ["json"]
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.1"]
    viewer = script(Role.VIEWER)
    assert viewer.get("news/chat") == {"service": None}
    viewer.post("news/chat/test", None, 409)
    refused = viewer.post("news/chat", {"address": "syslog://path-key"}, 409)
    assert "path-key" not in str(refused)
    made = viewer.post("news/chat", {"address": "json://127.0.0.1:1/path-key"})
    assert made == {"service": "json"} == viewer.get("news/chat")
    tested = viewer.post("news/chat/test")
    assert not tested["taken"]
    assert "could not be reached" in tested["error"]
    assert script(Role.MANAGER).get("news/chat") == {"service": None}
    assert viewer.post("news/chat/forget") == {"service": None}
    viewer.post("news/chat/forget", None, 409)
