"""Absurd requests get an answer, never a failure of the page:
NULs, halves of characters, numbers without end, depth.
"""

from __future__ import annotations

import inspect
import json
import re
from itertools import cycle
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import resolve

import drain.dashboard
from drain.dashboard.frame.saved_views import FILTERS
from drain.models.roles import Role
from drainsite.environment import PACKAGE
from tests.people import signed_in
from tests.permissions_table import NOT_MADE_FOR, PAGES
from tests.permissions_world import address_in
from tests.security.backlog import addresses, hostile_backlog

pytestmark = pytest.mark.django_db
ROOT = Path(drain.dashboard.__path__[0])
TEMPLATES = PACKAGE / "templates" / "drain"
_READ = re.compile(r'\bGET(?:\.get|\.getlist)?[(\[]"(\w+)"')
PARAMETERS = sorted(
    {name for path in ROOT.rglob("*.py") for name in _READ.findall(path.read_text())}
    | {name for names in FILTERS.values() for name in names}
    | {"at", "hours", "next", "page", "reason", "sort", "time", "nothing"}
)
"""Whatever a page reads from its address, and one that none does."""
_FIELD = re.compile(r'(?:\bname=|\b\w*(?:row|field)\(\s*)"(\w+)"')
FIELDS = sorted(
    {name for path in TEMPLATES.rglob("*.html") for name in _FIELD.findall(path.read_text())}
    - {"csrfmiddlewaretoken"}
)
"""Whatever a form of a page brings."""
PLAUSIBLE = {
    "reason": "x", "name": "x", "title": "x", "target": "r", "confirmed": "1", "to": "skipped", "act": "preview", "by": "message",
    "text": '{"run_id": "r", "phase_id": "p", "state": "FAILED"}', "command": "true", "value": "x", "page": "run-list", "query": "q=a",
}  # fmt: skip
"""Values that let a form get as far as it can."""
ABSURD = {
    "a NUL": "%00",
    "a NUL in a word": "a%00b",
    "half of a character": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "a number of 4,400 digits": "9" * 4400,
    "a number no column holds": str(2**63),
    "a negative number": "-1",
    "a word of 5,000 letters": "w" * 5000,
    "an asterisk": "*" * 300,
    "no number": "nan",
    "infinity": "1e309",
    "brackets": "[" * 3000,
    "digits that are none": "%C2%B2",
    "digits of elsewhere": "%D9%A1%D9%A2",
    "nothing": "",
    "blanks": "%20%09%0A",
    "a date that is none": "2026-02-31T25:61",
    "the year 0": "0000-00-00",
    "the year 99999": "99999-01-01T00:00",
}

TURNS = "each in its turn"
TELLING = ("a NUL", TURNS)
"""Tried at every change; each absurdity everywhere takes a minute and goes with `make verify`."""
EACH = [
    name if name in TELLING else pytest.param(name, marks=pytest.mark.verify)
    for name in (*ABSURD, TURNS)
]
READABLE = [given for given in ABSURD.values() if "%00" not in given]
"""A NUL anywhere ends a request before the rest of it is read."""


ALONE = "a word of 5,000 letters"
FORM = "application/x-www-form-urlencoded"


def _asked(name: str, fields: list[str]) -> dict[str, str]:
    """Give these fields that absurdity, or each another one."""
    if name == TURNS:
        return dict(zip(fields, cycle(READABLE), strict=False))
    return dict.fromkeys(fields, ABSURD[name])


def _body(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


def _read_by(address: str) -> list[str]:
    """Fields that the code of a page names."""
    folder = Path(inspect.getfile(inspect.unwrap(resolve(address).func))).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    return [field for field in FIELDS if f'"{field}"' in code]


def _pages(world: dict[str, int]) -> list[str]:
    """Every page that answers GET, those of the admin by one of each."""
    named = (name for name, row in PAGES.items() if row.get != NOT_MADE_FOR)
    return sorted({*addresses(world), *(address_in(name, world) for name in named)})


@pytest.mark.parametrize("name", EACH)
def test_absurd_questions_are_answered_on_every_page(name):
    world = hostile_backlog(["plain"])
    client = signed_in(Role.ADMINISTRATOR)
    client.raise_request_exception = False
    query = _body(_asked(name, PARAMETERS))
    statuses = {address: client.get(f"{address}?{query}").status_code for address in _pages(world)}
    assert {address: status for address, status in statuses.items() if status >= 500} == {}
    if "%00" in query:
        assert set(statuses.values()) == {400}
    assert len(statuses) > 40


@pytest.mark.parametrize("name", EACH)
def test_absurd_forms_are_answered(name):
    world = hostile_backlog(["plain"])
    client = signed_in(Role.ADMINISTRATOR)
    client.raise_request_exception = False
    everything = _body(_asked(name, FIELDS))
    wrong = {}
    for page, row in PAGES.items():
        reads = row.post == row.get == Role.VIEWER
        if row.post == NOT_MADE_FOR or reads or not page.startswith("drain:"):
            continue
        address = address_in(page, {**world, "": world["phase"]})
        # All of them at once, and each that it reads beside what makes sense.
        alone = _read_by(address) if name == ALONE else ()
        for body in (everything, *(_body({**PLAUSIBLE, each: ABSURD[name]}) for each in alone)):
            status = client.post(address, body, content_type=FORM).status_code
            if status >= 500:
                wrong[address] = (status, body[:60])
        client = signed_in(Role.ADMINISTRATOR) if page == "drain:logout" else client
        client.raise_request_exception = False
    assert wrong == {}


@pytest.mark.parametrize(
    "value", ['"\\000\\000"', '"\\377"', "x" * 5000, '"\\000"; csrftoken="\\000']
)
@pytest.mark.parametrize("name", ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"])
def test_a_cookie_that_cannot_be_is_no_cookie(client, name, value):
    client.raise_request_exception = False
    for address in ("/", "/login/", "/api/v1/runs/"):
        answer = client.get(address, headers={"cookie": f"{getattr(settings, name)}={value}"})
        assert answer.status_code in {200, 302, 401, 404}, address


@pytest.mark.parametrize(
    "path", ["/runs/%00/", "/fingerprints/a%00b/", "/runs/" + "9" * 5000 + "/", "/%ED%A0%80/"]
)
def test_an_absurd_address_is_no_page(client, path):
    client.raise_request_exception = False
    assert signed_in(Role.ADMINISTRATOR).get(path).status_code in {400, 404}


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000, "9" * 5000, '"\\ud800"', "\x00"])
def test_a_body_without_end_is_a_sentence(client, body):
    client.raise_request_exception = False
    answer = client.post("/api/v1/drains/", body, content_type="application/json")
    assert answer.status_code in {400, 401, 404}
    assert "error" in json.loads(answer.content)
