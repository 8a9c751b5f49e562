"""Hostile words through the API: said back as JSON that is nothing else, and stored as words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from drain.models import AuditEvent, Hold
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.factories import PhaseFactory
from tests.people import person
from tests.security.backlog import hostile_backlog
from tests.security.hostile import HOSTILE, HUGE

pytestmark = pytest.mark.django_db
GROUP = 125


@pytest.fixture
def key(settings):
    settings.DRAIN_API_PER_MINUTE = 10_000
    by = Person("x", Origin.ADMIN)
    return {
        "Authorization": f"Bearer {issue_token(person(Role.OPERATOR), 'x', by, expires_at=None)[1]}"
    }


def _inert(answer) -> dict[str, Any]:
    """JSON in plain ASCII, never sniffed for HTML, kept by nobody between."""
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert answer.content.isascii()
    assert b"\x1b" not in answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


@pytest.mark.parametrize("start", range(0, len(HOSTILE), GROUP))
def test_every_answer_is_inert(start, key):
    words = list(HOSTILE[start : start + GROUP])
    world = hostile_backlog(words)
    client = Client()
    for path in (
        "overview", "runs?limit=200", "phases?limit=200", "sessions",
        f"sessions/{world['session']}", f"bulk/{world['bulk']}?limit=200",
    ):  # fmt: skip
        answer = client.get(f"/api/v1/{path}", headers=key)
        assert answer.status_code == 200, path
        found = _inert(answer)
        if path.startswith("phases"):
            assert {item["phase_id"] for item in found["items"]} == {word[:300] for word in words}


def test_words_that_are_sent_are_stored_as_words_or_refused(key):
    phase = PhaseFactory()
    client = Client()
    for word in (*HOSTILE[::2], "nul\0inside", *HUGE):
        answer = client.generic(
            "POST",
            "/api/v1/requeue",
            json.dumps({"phases": [phase.pk], "reason": word}).encode(),
            content_type="application/json",
            headers=key,
        )
        assert answer.status_code in {200, 400 if "\0" in word else 422}, word[:50]
        assert len(str(_inert(answer))) < 1000
    stored = AuditEvent.objects.get(verb="phase.requeue")
    assert stored.reason == HOSTILE[0].strip()
    assert not Hold.objects.exists()


def test_words_in_the_address_find_nothing_or_are_refused(key):
    PhaseFactory()
    client = Client()
    for word in (*HOSTILE[::11], "nul\0inside"):
        for path in ("phases", "sessions"):
            for name in ("run", "state", "after", word):
                answer = client.get(f"/api/v1/{path}", {name: word}, headers=key)
                assert answer.status_code in {200, 400, 404, 422}, (path, name, word[:50])
                _inert(answer)
