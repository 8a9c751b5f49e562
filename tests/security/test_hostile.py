"""Output of phases and input of people stay text on every page and in every export.

The HTML is parsed: no event handler or inline style on any element, no address that is a script or
another site's, no element of a kind that our own pages do not use.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import zipfile
from collections import Counter
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from drain.evidence.report.build import build_report
from drain.evidence.report.bundle import write_bundle
from drain.models import AuditEvent, DrainSession, Phase
from drain.models.audit import Person, Subject, record_audit
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from tests.factories import NOON, PhaseFactory
from tests.people import signed_in
from tests.security.backlog import addresses, hostile_backlog
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


def _obeyed(html: str) -> list[str]:
    """Characters that reorder or hide what is read; values of forms come back as they were given."""
    shown = re.sub(r'\bvalue="[^"]*"|<textarea.*?</textarea>', "", html, flags=re.S)
    return [char for char in shown if char not in "\n\t" and unicodedata.category(char) in OBEYED]


OBEYED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _seen(html: str) -> Seen:
    seen = Seen()
    seen.feed(html)
    return seen


# Kinds that no page of ours uses; admin pages and dialogs have forms, so those are not among them.
FORBIDDEN = {"iframe", "object", "embed", "math", "video", "marquee", "base", "style"}


def _in_part(each: int) -> list[object]:
    """Every third group here, all of them in verify."""
    slow = pytest.mark.verify
    starts = range(0, len(HOSTILE), each)
    return [pytest.param(one, marks=[] if one % (3 * each) == 0 else slow) for one in starts]


@pytest.mark.parametrize("start", _in_part(GROUP))
def test_hostile_words_are_inert_on_every_page(start):
    words = list(HOSTILE[start : start + GROUP])
    client = signed_in(Role.ADMINISTRATOR)
    world = hostile_backlog(words)
    for address in addresses(world):
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
        assert _obeyed(html) == [], address


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 4 * GROUP))
def test_every_kind_of_report_is_inert(start, tmp_path):
    words = list(HOSTILE[start : start + GROUP])
    world = hostile_backlog(words)
    report = build_report(DrainSession.objects.get(pk=world["session"]), NOON)
    path = tmp_path / "bundle.zip"
    write_bundle(report, path)
    with zipfile.ZipFile(path) as bundle:
        made = {name: bundle.read(name).decode() for name in bundle.namelist()}
    seen = _seen(made["report.html"])
    assert seen.handlers == []
    assert (FORBIDDEN - {"style"}) & seen.kinds.keys() == set()
    assert "<img src=x" not in made["report.html"]
    assert "alert(1)</script>" not in made["report.html"]
    assert "<" not in made["report.md"].replace("<!--", ""), "Markdown takes HTML as it is"
    json.loads(made["report.json"])
    assert _formulas(made["attempts.csv"]) == []
    assert [name for name, text in made.items() if "\x1b" in text or "\u202e" in text] == []


@pytest.mark.parametrize("kind", ["md", "json"])
def test_a_report_leaves_the_site_as_a_file_that_no_browser_renders(kind):
    world = hostile_backlog(list(HOSTILE[:3]))
    address = reverse("drain:session-report-file", args=[world["session"], kind])
    answer = signed_in(Role.VIEWER).get(address)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer["Content-Type"].startswith("text/html")


def _formulas(text: str) -> list[str]:
    cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
    signs = tuple("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
    return [
        cell
        for cell in cells
        if cell.lstrip(" \t\r\n\u00a0\u3000\"'").startswith(signs) and not cell.startswith("'")
    ]


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
    assert _formulas(body.decode()) == []
    assert "\x1b" not in body.decode()
