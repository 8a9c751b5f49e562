"""Six hundred hostile words in every text of every table,
through every address that answers GET and every kind of file.

The walk takes the addresses from the resolver and the columns from the models,
so what is added is asked as well.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.people import enter, person
from tests.permissions_table import API, NOT_MADE_FOR, PAGES
from tests.permissions_world import address_in
from tests.security.hostile import EVERYTHING
from tests.security.poisoned import empty_tables, poisoned
from tests.security.test_hostile import FORBIDDEN, _formulas, _obeyed, _seen

pytestmark = [pytest.mark.django_db, pytest.mark.verify]
AS_IT_IS = {"drain:attempt-log-file"}
"""Files that are what a phase printed, to be saved and never drawn."""
ELSEWHERE = {
    *(
        "api:nothing",
        "api:api-root",
        "drain:first-account",
        "admin:login",
        "drain:login",
        "api-docs",
    ),
    *(
        "drain:executor-try",
        "drain:session-pick",
        "drain:runs-drain",
        "drain:fingerprints-drain",
        "drain:fingerprints-decide",
        "drain:hold-matching",
    ),
}
"""The pages that lead elsewhere: for somebody signed in, or where nothing was chosen."""
OFFSETS = (0, 300)


def _addresses(world: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Name and address of everything that answers GET, with its downloads."""
    for name, row in {**PAGES, **API}.items():
        if row.get != NOT_MADE_FOR and name not in ELSEWHERE:
            address = address_in(name, world)
            yield from (
                (name, address + query) for query in ("", "?download=csv", "?download=json")
            )
            if name.endswith("compare"):
                yield name, f"{address}?kind=drain&drain={world['session']}"
    for kind in ("md", "json", "html", "csv", "bundle", "zip"):
        yield "report", reverse("drain:session-report-file", args=[world["session"], kind])
    for model in admin.site._registry:
        yield from _of_admin(model)


def _of_admin(model: type[Model]) -> Iterator[tuple[str, str]]:
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield base, reverse(f"{base}_changelist")
    yield base, reverse(f"{base}_add")
    for row in model._default_manager.all()[:2]:
        for page in ("change", "history", "delete"):
            yield base, reverse(f"{base}_{page}", args=[row.pk])


def _wrong(name: str, answer: Any) -> list[str]:
    """Return the parts of an answer that its reader would obey."""
    kind, content = answer["Content-Type"].partition(";")[0], _content(answer)
    saved = answer.get("Content-Disposition", "").startswith("attachment")
    if kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            texts = [packed.read(each).decode().replace("\r\n", "\n") for each in packed.namelist()]
        return [ascii(char) for text in texts for char in _obeyed(text)] if saved else ["drawn"]
    body = content.decode(errors="replace")
    if kind == "text/html" and not saved:
        seen, html = _seen(body), body
        found = [*seen.handlers, *sorted(FORBIDDEN & seen.kinds.keys()), *map(ascii, _obeyed(html))]
        found += [bad for bad in ("alert(1)</script>", "<img src=x") if bad in html]
        return found if seen.kinds["body"] == 1 else [*found, f"{seen.kinds['body']} bodies"]
    if kind == "application/json":
        json.loads(body)
        return [] if body.isascii() else ["JSON that is not ASCII"]
    if name in AS_IT_IS:
        return [] if saved and answer["X-Content-Type-Options"] == "nosniff" else ["drawn"]
    # Lines of CSV end as its standard says.
    found = [ascii(char) for char in _obeyed(body.replace("\r\n", "\n"))]
    if kind == "text/csv":
        found += _formulas(body)
        width = {len(line) for line in csv.reader(body.splitlines())}
        found += ["a line of another width"] if len(width) > 1 else []
    return found


def _content(answer: HttpResponse) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return bytes(content)


@pytest.mark.parametrize("offset", OFFSETS)
def test_no_address_draws_runs_or_obeys_a_hostile_word(offset, settings):
    settings.DRAIN_API_PER_MINUTE = 10_000
    words = EVERYTHING[offset:] + EVERYTHING[:offset]
    reader = person(Role.ADMINISTRATOR)
    reader.is_superuser = True
    reader.save()
    world = poisoned(words, reader)
    assert empty_tables() == set(), "give tests/security/poisoned.py a row of each"
    _, secret = issue_token(reader, "t", Person("x", Origin.ADMIN), expires_at=None)
    script, browser = {"Authorization": f"Bearer {secret}"}, Client()
    browser.raise_request_exception = False
    enter(browser, reader)
    wrong, asked, kinds, drawn = {}, 0, set[str](), set[str]()
    for name, address in list(_addresses(world)):
        client, headers = (Client(), script) if name in API else (browser, {})
        answer = client.get(address, headers=headers)
        asked += 1
        if answer.status_code >= 500:
            wrong[address] = [str(answer.status_code)]
        elif answer.status_code == 200:
            drawn.add(name)
            kinds.add(answer["Content-Type"].partition(";")[0])
            if found := _wrong(name, answer):
                wrong[address] = found[:5]
    assert wrong == {}
    assert kinds >= {"text/html", "application/json", "text/csv", "text/plain", "text/markdown"}
    pages = {name for name, row in {**PAGES, **API}.items() if row.get != NOT_MADE_FOR}
    assert pages - drawn - ELSEWHERE == set(), "answered, and never with what it is there for"
    assert asked > 250


def test_there_are_more_than_five_hundred_of_them():
    assert len(EVERYTHING) == len(set(EVERYTHING)) > 500
