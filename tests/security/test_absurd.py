"""Absurd requests get an answer, never a failure of the page: NULs, halves of characters, numbers without end, depth."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from drain.models.roles import Role
from tests.people import signed_in
from tests.permissions_table import NOT_MADE_FOR, PAGES
from tests.security.backlog import addresses, hostile_backlog
from tests.test_permissions import address_in

pytestmark = pytest.mark.django_db
PARAMETERS = (
    "after", "at", "before", "comparison", "drain", "fingerprint", "from", "held", "host", "hours", "kind", "marker",
    "next", "page", "q", "reason", "run", "show", "source", "stale", "state", "status", "time", "to", "window",
)  # fmt: skip
"""Whatever any page reads from its address, and some that none does."""
ABSURD = {
    "a NUL": "%00",
    "a NUL in a word": "a%00b",
    "half of a character": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "a number of 4,400 digits": "9" * 4400,
    "a number no column holds": str(2**63),
    "a negative number": "-1",
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

TELLING = ("a NUL", "half of a character", "a number of 4,400 digits", "a date that is none")
"""What is tried at every change; the rest takes a minute and goes with `make verify`."""
EACH = [
    name if name in TELLING else pytest.param(name, marks=pytest.mark.verify) for name in ABSURD
]


@pytest.mark.parametrize("name", EACH)
def test_absurd_questions_are_answered_on_every_page(name):
    world = hostile_backlog(["plain"])
    client = signed_in(Role.ADMINISTRATOR)
    client.raise_request_exception = False
    query = "&".join(f"{parameter}={ABSURD[name]}" for parameter in PARAMETERS)
    statuses = {
        address: client.get(f"{address}?{query}").status_code for address in addresses(world)
    }
    assert {address: status for address, status in statuses.items() if status >= 500} == {}
    if "%00" in ABSURD[name]:
        assert set(statuses.values()) == {400}


@pytest.mark.parametrize("name", EACH)
def test_absurd_forms_are_answered(name):
    world = hostile_backlog(["plain"])
    client = signed_in(Role.ADMINISTRATOR)
    client.raise_request_exception = False
    fields = (*PARAMETERS, "ids", "batch_size", "parallel", "until", "note", "target", "title", "query", "name",
              "phase_timeout_seconds", "max_total_minutes", "max_failure_rate", "run_ids", "fingerprints", "applied_at")  # fmt: skip
    body = "&".join(f"{field}={ABSURD[name]}" for field in fields)
    wrong = {}
    for page, row in PAGES.items():
        if row.post == NOT_MADE_FOR or not page.startswith("drain:") or page == "drain:view-save":
            continue
        address = address_in(page, {**world, "": world["phase"]})
        kind = "application/x-www-form-urlencoded"
        status = client.post(address, body, content_type=kind).status_code
        if status >= 500:
            wrong[address] = status
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
