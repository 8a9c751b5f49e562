"""The page of webhooks: a secret is shown once, a test says what came of it, the log shows no address."""

from __future__ import annotations

import re

import pytest

from drain.engine.news import deliver
from drain.engine.news.send import SendResult
from drain.engine.news.webhooks import secret_of
from drain.models import AuditEvent, Delivery, Webhook
from drain.models.roles import Role
from tests.dashboard.people import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/news/webhooks/"
URL = "http://127.0.0.1:1/path-key"


@pytest.fixture
def administrator(settings):
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.1"]
    return signed_in(Role.ADMINISTRATOR)


def add(client, **more):
    return client.post(ADDRESS, {"name": "ops", "url": URL, "kinds": ["drain.ended"], **more})


def test_the_secret_is_shown_in_the_answer_that_made_it_and_never_again(administrator):
    page = add(administrator).content.decode()
    secret = secret_of(Webhook.objects.get())
    assert secret is not None
    assert secret in page
    again = administrator.get(ADDRESS).content.decode()
    assert "ops" in again
    assert secret not in again
    assert "path-key" not in page + again
    assert "http://127.0.0.1:1/…" in again
    renewed = administrator.post(
        f"{ADDRESS}{Webhook.objects.get().pk}/renew/", {"reason": "leaked"}
    )
    new = secret_of(Webhook.objects.get())
    assert new is not None
    assert new in renewed.content.decode()
    assert new != secret
    assert "no-store" in renewed["Cache-Control"]


def test_a_test_says_what_came_of_it_and_stands_in_the_log(administrator):
    add(administrator)
    answer = administrator.post(f"{ADDRESS}{Webhook.objects.get().pk}/test/", follow=True)
    page = answer.content.decode()
    assert "ops did not take the test message. It could not be reached" in page
    assert "Given up" in page
    assert "path-key" not in page
    assert Delivery.objects.get().state == "failed"
    again = administrator.post(f"/news/messages/{Delivery.objects.get().pk}/again/", follow=True)
    assert "on its way again" in again.content.decode()
    assert Delivery.objects.get().state == "waiting"


def test_a_test_that_is_taken_says_so(administrator, monkeypatch):
    add(administrator)
    monkeypatch.setattr(deliver, "_tried", lambda *_: SendResult("", 204, 12))
    page = administrator.post(f"{ADDRESS}{Webhook.objects.get().pk}/test/", follow=True)
    assert "ops took the test message and answered 204." in page.content.decode()
    assert "Answered 204 after 12 ms" in page.content.decode()


def test_what_was_typed_stays_when_it_is_refused(administrator):
    answer = add(administrator, url="http://10.0.0.1/x")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not a public address" in page
    assert 'value="http://10.0.0.1/x"' in page
    assert re.search(r'value="drain.ended" checked', page)
    assert not re.search(r'value="host.silent" checked', page)
    assert not Webhook.objects.exists()


def test_it_is_switched_off_and_removed_with_a_reason(administrator):
    add(administrator)
    hook = Webhook.objects.get()
    administrator.post(f"{ADDRESS}{hook.pk}/switch/")
    assert not Webhook.objects.get().active
    assert "off" in administrator.get(ADDRESS).content.decode()
    administrator.post(f"{ADDRESS}{hook.pk}/remove/", {"reason": ""})
    assert Webhook.objects.exists()
    administrator.post(f"{ADDRESS}{hook.pk}/remove/", {"reason": "moved"})
    assert not Webhook.objects.exists()
    assert AuditEvent.objects.get(verb="webhook.remove").reason == "moved"


def test_a_name_with_markup_is_text(administrator):
    page = add(administrator, name="<script>x</script>/../").content.decode()
    assert "<script>x" not in page
    assert administrator.get(ADDRESS).status_code == 200
