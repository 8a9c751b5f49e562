"""Whatever starts or ends work asks before, or is taken back by a button that the answer names:
every form of every page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.urls import resolve, reverse

from drain.models import (
    Attempt,
    BulkAction,
    DrainSession,
    Phase,
    Rollout,
)
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.dashboard.whole_site import whole_site
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    PhaseFactory,
    SessionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.verify]
TAKEN_BACK = {
    "session-pause": ("Resume",), "session-resume": ("Pause",), "session-stop": ("Resume", "Drain the rest…"),
}  # fmt: skip
"""Acts at one click, and the buttons that take each back:
a stop of which nothing ran has ended, and leaves a rest.
"""
COUNTED = re.compile(r"\b\d+ (phase|run|fingerprint)s?\b")


@dataclass
class Form:
    """A form that posts: where to, what it sends as it stands, buttons as (where to, name, value, words)."""

    action: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[list[str]] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page that post and stand in no dialog, by their ids or numbers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        self.loose: list[tuple[str, list[str]]] = []
        self._dialogs, self._form = 0, None
        self._button: list[str] | None = None
        self.feed(page)
        for name, button in self.loose:
            self.forms[name].buttons.append([button[0] or self.forms[name].action, *button[1:]])

    _form: Form | None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._dialogs += tag == "dialog"
        if tag == "form" and given.get("method") == "post" and not self._dialogs:
            self._form = Form(given.get("action", ""))
            self.forms[given.get("id", f"{len(self.forms)}")] = self._form
        kind = given.get("type", "")
        if (
            tag == "input"
            and self._form
            and (kind not in ("checkbox", "radio") or "checked" in given)
        ):
            self._form.sent.setdefault(given.get("name", ""), []).append(given.get("value", ""))
        if tag == "button" and kind == "submit" and "disabled" not in given:
            to = given.get("formaction", self._form.action if self._form else "")
            self._button = [to, given.get("name", ""), given.get("value", ""), ""]
            if "form" in given:
                self.loose.append((given["form"], self._button))
            elif self._form:
                self._form.buttons.append(self._button)

    def handle_data(self, data: str) -> None:
        if self._button:
            self._button[3] += data

    def handle_endtag(self, tag: str) -> None:
        self._dialogs -= tag == "dialog"
        self._form = None if tag == "form" else self._form
        self._button = None if tag == "button" else self._button


@pytest.fixture
def addresses() -> list[str]:
    """Every page that may be looked at, of a site in which everything is at work."""
    return whole_site()


def work() -> tuple[object, ...]:
    """Return the attempts and candidates that run, ended, or wait."""
    rows = (DrainSession, Phase, BulkAction, Rollout)
    states = [list(row._default_manager.order_by("pk").values_list("pk", "state")) for row in rows]
    return (*states, list(Attempt.objects.order_by("pk").values_list("pk", "outcome")))


def clicks(page: str, address: str) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """Each button of each form: where it goes, its words and what is sent."""
    for form in Forms(page).forms.values():
        for to, name, value, words in form.buttons:
            where = to if to.startswith("/") else address + to
            yield where, " ".join(words.split()), form.sent | ({name: [value]} if name else {})


def test_what_starts_or_ends_work_asks_or_is_taken_back(addresses):
    client, seen, acted, wrong = signed_in(Role.ADMINISTRATOR), set(), set(), []
    named: set[tuple[str, str]] = set()
    for address in addresses:
        answer = client.get(address)
        if answer.status_code != 200 or answer.streaming or "html" not in answer["Content-Type"]:
            continue
        for to, words, sent in clicks(answer.content.decode(), address):
            name = resolve(to.partition("?")[0]).url_name
            if name in ("logout", "login"):
                continue
            seen.add(name)
            with transaction.atomic():
                before = work()
                said = client.post(to, sent)
                changed = work() != before
                told = " ".join(str(one) for one in get_messages(said.wsgi_request))
                transaction.set_rollback(True)
            acted |= {name} if changed else set()
            if not changed or COUNTED.search(words):
                continue
            backs = [word for word in TAKEN_BACK.get(str(name), ()) if word in told]
            named |= {(str(name), word) for word in backs}
            if not backs or not re.search(r"\d+ \w+ phases?", told):
                wrong.append((address, name, words, told))
    assert wrong == []
    assert acted == {*TAKEN_BACK, "session-new", "phase-drain"}
    assert named == {(name, word) for name, words in TAKEN_BACK.items() for word in words}
    assert {*TAKEN_BACK, "session-new", "phase-drain", "queued-clear", "phase-discard"} <= seen


def test_what_is_taken_back_is_taken_back():
    session = SessionFactory(state="running", ended_at=None, started_at=NOON)
    for number in range(2):
        CandidateFactory(session=session, status="waiting", planned_position=number)
    CandidateFactory(session=session, status="running", planned_position=2)
    AttemptFactory(session=session, outcome=None, finished_at=None)
    client, told = signed_in(Role.OPERATOR), []
    for verb in ("pause", "resume", "stop", "resume"):
        answer = client.post(reverse(f"drain:session-{verb}", args=[session.pk]), follow=True)
        told += [str(one) for one in answer.context["messages"]] if answer.context else []
        told.append(" ".join(answer.content.decode().split()))
    assert "1 running phase may end; Resume goes on with the 2 waiting phases." in "".join(told)
    assert "goes on with the 2 waiting phases of its plan; Pause takes it back." in "".join(told)
    said = "stops after its 1 running phase; Resume takes it back and goes on with the 2 waiting phases."
    assert said in "".join(told)
    assert "Stops after 1 running phase; Resume takes it back" in "".join(told)
    session.refresh_from_db()
    assert session.state == "running"


def test_the_question_about_a_phase_is_an_address_that_starts_nothing():
    ExecutorFactory()
    client, before = signed_in(Role.OPERATOR), DrainSession.objects.count()
    phase, done = PhaseFactory(), PhaseFactory(state="COMPLETE")
    page = client.get(reverse("drain:phase-drain", args=[phase.pk])).content.decode()
    assert "Drain 1 phase" in page
    answer = client.get(reverse("drain:phase-drain", args=[done.pk]) + "?confirmed=1", follow=True)
    assert "It is complete by now: there is nothing to drain." in answer.content.decode()
    assert DrainSession.objects.count() == before
