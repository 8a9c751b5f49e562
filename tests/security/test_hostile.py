"""What phases print and what people type stays text on every page and in every export.

The HTML is parsed: no event handler or inline style on any element, no address that is a script or
another site's, no element of a kind that our own pages do not use.
"""

from __future__ import annotations

import csv
from collections import Counter
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from drain.evidence.report import build_report
from drain.evidence.report_html import render_html
from drain.models import AuditEvent, DrainSession, Phase
from drain.models.audit import Person, Subject, record_audit
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)
from tests.people import signed_in
from tests.security.hostile import HOSTILE

pytestmark = pytest.mark.django_db
GROUP = 20
"""Strings on one page: each page shows that many rows at once."""


class Seen(HTMLParser):
    """Every kind of element with the names of its attributes, and where links and scripts lead."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: Counter[str] = Counter()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds[tag] += 1
        for name, value in attrs:
            active = name.startswith(("on", "hx-on")) or name == "style"
            leads = (value or "").strip().lower()
            if active or (
                name in {"href", "src", "action", "data"}
                and leads.startswith(("javascript:", "//"))
            ):
                self.handlers.append(f"{tag} {name}={value}")


def _seen(html: str) -> Seen:
    seen = Seen()
    seen.feed(html)
    return seen


# Kinds that no page of ours uses; admin pages and dialogs have forms, so those are not among them.
FORBIDDEN = {"iframe", "object", "embed", "math", "video", "marquee", "base", "style"}


def _backlog(words: list[str]) -> dict[str, int]:
    """Runs, phases, attempts, a session, causes and audit lines that carry these words everywhere."""
    session = SessionFactory(note=words[0], started_by=words[0][:200], stop_reason="person",
                             stop_card={"sentence": words[0], "rule": "person"})  # fmt: skip
    for n, word in enumerate(words):
        run = RunFactory(run_id=f"{n} {word}"[:300], name=word[:300])
        key = f"{n:032x}"
        phase = PhaseFactory(
            run=run, phase_id=word[:300], name=word[:300], category=word[:100],
            last_failure_reason=word, last_fingerprint=key,
        )  # fmt: skip
        FingerprintFactory(key=key, title=word[:300], template=word, sample=word)
        attempt = AttemptFactory(
            phase=phase, session=session, error=word, tail=word, fingerprint=key,
            worker=word[:200], progress_message=word[:300], command=[word],
        )  # fmt: skip
        CandidateFactory(
            session=session,
            phase=phase,
            status="excluded",
            reason="run_held",
            detail=word,
            why=word,
        )
        by = Person(word, Origin.BROWSER, "10.0.0.1")
        record_audit(
            by, "hold", Subject("run", "1", word), word, old={word: word}, new={word: word}
        )
    return {"run": run.pk, "phase": phase.pk, "attempt": attempt.pk, "session": session.pk}


def _addresses(world: dict[str, int]) -> list[str]:
    found = [
        reverse(f"drain:{name}")
        for name in ("overview", "run-list", "session-list", "audit-list", "session-new")
    ]
    for name, of in (
        ("run-detail", "run"), ("phase-detail", "phase"), ("session-detail", "session"),
        ("attempt-log", "attempt"),
    ):  # fmt: skip
        found.append(reverse(f"drain:{name}", args=[world[of]]))
    found.extend(
        reverse(f"drain:{name}") for name in ("queued-list", "fingerprint-list", "worker-list")
    )
    found.append(reverse("drain:fingerprint-detail", args=[f"{0:032x}"]))
    found.append(reverse("drain:session-excluded", args=[world["session"], "run_held"]))
    models = (
        "run",
        "phase",
        "attempt",
        "fingerprint",
        "auditevent",
        "candidate",
        "drainsession",
    )
    found.extend(reverse(f"admin:drain_{model}_changelist") for model in models)
    found.append(reverse("admin:drain_phase_change", args=[world["phase"]]))
    return found


@pytest.mark.parametrize("start", range(0, len(HOSTILE), GROUP))
def test_hostile_words_are_inert_on_every_page(start):
    words = list(HOSTILE[start : start + GROUP])
    client = signed_in(Role.ADMINISTRATOR)
    world = _backlog(words)
    for address in _addresses(world):
        answer = client.get(address)
        assert answer.status_code == 200, f"{address} {answer.status_code}"
        html = answer.content.decode()
        seen = _seen(html)
        assert seen.handlers == [], address
        assert FORBIDDEN & seen.kinds.keys() == set(), address
        assert seen.kinds["body"] == 1, address
        assert seen.kinds["title"] >= 1, address
        assert "alert(1)</script>" not in html, address
        assert "<img src=x" not in html, address


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 4 * GROUP))
def test_a_report_of_hostile_phases_is_inert_html(start):
    world = _backlog(list(HOSTILE[start : start + GROUP]))
    report = build_report(DrainSession.objects.get(pk=world["session"]), NOON)
    html = "".join(render_html(report))
    seen = _seen(html)
    assert seen.handlers == []
    assert (FORBIDDEN - {"style"}) & seen.kinds.keys() == set()
    assert "<img src=x" not in html
    assert "alert(1)</script>" not in html


def test_there_are_two_hundred_of_them():
    assert len(set(HOSTILE)) >= 200


def test_hostile_search_words_find_nothing_or_something_but_break_nothing():
    client = signed_in(Role.VIEWER)
    PhaseFactory()
    places = (reverse("drain:search"), reverse("admin:drain_phase_changelist"))
    for word in (*HOSTILE[::6], "nul\0inside"):
        for address in places:
            answer = client.get(address, {"q": word})
            assert answer.status_code in {200, 302, 400}, f"{address} {word!r}"
            assert _seen(answer.content.decode()).handlers == []
    assert Phase.objects.count() == 1


def test_no_cell_of_the_audit_export_is_a_formula():
    for word in HOSTILE:
        record_audit(Person(word, Origin.ADMIN), "hold", Subject("run", "", word), word)
    body = signed_in(Role.VIEWER).get(reverse("drain:audit-export")).getvalue()
    lines = list(csv.reader(body.decode().splitlines()))
    assert len(lines) == 1 + AuditEvent.objects.count()
    cells = [cell for line in lines for cell in line]
    assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))] == []
    assert "\x1b" not in body.decode()
