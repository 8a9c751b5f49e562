"""`manage.py news_choices`: the verbs of the page for whoever keeps the site, with sentences and JSON."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drain.engine.news.inbox import choice_of
from drain.models import AuditEvent, ChatAddress
from drain.models.roles import Role
from drain.models.vocabulary import NEWS
from tests.people import person

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("news_choices", *arguments, stdout=out)
    return out.getvalue()


def test_what_is_not_named_stays_and_none_is_nothing():
    vera = person(Role.VIEWER, "vera")
    person(Role.VIEWER, "otto")
    line = said("set", "vera", "--mail", "drain.ended", "--mail", "host.silent")
    assert line.strip() == (
        "vera: in the inbox: all; by mail to no address: drain.ended, host.silent"
    )
    found = json.loads(said("set", "vera", "--inbox", "none", "--chat", "all", "--json"))
    assert (found["inbox"], len(found["chat"])) == ([], len(NEWS))
    assert choice_of(vera.pk).mail == ["drain.ended", "host.silent"]
    listed = json.loads(said("list", "--json"))["people"]
    assert [each["user"] for each in listed] == ["otto", "vera"]
    assert AuditEvent.objects.filter(verb="news.choose", label="vera").count() == 2
    for wrong in (("set", "nobody", "--mail", "all"), ("set", "vera")):
        with pytest.raises(CommandError):
            said(*wrong)


def test_the_address_of_a_chat_comes_by_standard_input_and_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, settings: Any
):
    settings.DRAIN_CHAT_SERVICES = ["json"]
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.1"]
    person(Role.VIEWER, "vera")
    monkeypatch.setattr("sys.stdin", StringIO("json://127.0.0.1:1/path-key\n"))
    assert json.loads(said("chat", "vera", "--json"))["service"] == "A receiver of JSON"
    assert "path-key" not in said("list")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("news_choices", "test", "vera", "--by", "chat", stdout=out)
    assert ended.value.code == 3
    assert "could not be reached" in out.getvalue()
    said("forget", "vera")
    assert not ChatAddress.objects.exists()
