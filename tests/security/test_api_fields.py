"""Every field of every operation of the API, as its description names them, with senseless values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.test import Client

from drain.api.site import api
from drain.api.urls import PARTS
from drain.models import Autopilot, BulkAction, FixMarker, Source, Webhook
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.factories import NOON, FingerprintFactory, PhaseFactory, SessionFactory
from tests.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.verify]
assert PARTS, "imported, they have registered their operations"
Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

UNSTORABLE = {
    "a NUL": r'"a\u0000b"',
    "a NUL in the name of a field": r'{"a\u0000b": 1}',
    "half of a character": r'"\ud800"',
}
ABSURD = {
    **UNSTORABLE,
    "a number of 4,400 digits": "9" * 4400,
    "a number no column holds": str(2**63),
    "a negative number": "-1",
    "infinity": "1e309",
    "what a terminal obeys": r'"\u001b[31m\u202ex\u009b"',
    "a date that is none": '"2026-02-31T25:61"',
    "the year 99999": '"99999-01-01T00:00"',
    "a fraction": "0.5",
    "true": "true",
    "nothing": "null",
    "blanks": r'" \t\n"',
    "an object": "{}",
    "a list of lists": "[[[]]]",
    "a pattern without end": '"(a+)+$((((("',
}
TELLING = {
    **UNSTORABLE,
    **{
        name: ABSURD[name]
        for name in ("a number of 4,400 digits", "infinity", "nothing", "an object")
    },
}
HUGE = {
    "depth": "[" * 100_000 + "]" * 100_000,
    "depth of objects": '{"a":' * 900 + "1" + "}" * 900,
    "a long list": f"[{','.join(['7'] * 100_001)}]",
    "a long list of texts": "[" + '"x",' * 20_000 + '"x"]',
    "a long text": f'"{"w" * 200_000}"',
}
"""JSON as it is sent."""
IN_ADDRESSES = (
    "%00", "a%00b", "%ED%A0%80", "%FF", "9" * 4400, str(2**63), "-1", "nan", "1e309", "%1B%5B31m", "w" * 5000, "",
    "2026-02-31T25:61", "99999-01-01", "%C2%B2", "*" * 300, "[" * 3000, "true",
)  # fmt: skip
IN_HEADERS = ("a\0b", "\x1b[31m", "\xff", "w" * 5000, " ", "")
PLAUSIBLE = {
    "reason": "x", "run_id": "r", "target": "r", "text": "x", "title": "x", "name": "x", "cron": "@daily", "value": "x",
    "url": "https://192.0.2.1/x", "into": "l" * 20, "inbox": [],
}  # fmt: skip
"""Values that let a request get as far as the field that is tried."""
_FILE = b'{"run_id": "a", "phase_id": "p", "state": "FAILED"}'
_MARK = "what is tried"

described: Any = api.get_openapi_schema(path_prefix="/api/v1/")
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in described["paths"].items()
    for method, operation in methods.items()
}


def _resolved(schema: Schema) -> Schema:
    """The schema that a reference, or the first choice that is no null, leads to."""
    while True:
        choices = schema.get("anyOf") or schema.get("allOf")
        if "$ref" in schema:
            schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif choices:
            schema = next(each for each in choices if each.get("type") != "null")
        else:
            return schema


def _fields(schema: Schema, path: Path = ()) -> Iterator[Path]:
    """Yield the places of values in a body: the body itself, each field, an item of each list."""
    schema = _resolved(schema)
    yield path
    for name, inner in schema.get("properties", {}).items():
        yield from _fields(inner, (*path, name))
    if "items" in schema:
        yield from _fields(schema["items"], (*path, 0))


def _plausible(schema: Schema, name: str = "") -> Any:
    schema = _resolved(schema)
    if schema.get("type") == "object":
        required = schema.get("required", ())
        return {
            field: _plausible(inner, field)
            for field, inner in schema.get("properties", {}).items()
            if field in required or field in PLAUSIBLE
        }
    if name in PLAUSIBLE:
        return PLAUSIBLE[name]
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 1, "number": 1, "boolean": False, "array": []}.get(schema["type"], "x")


def _body(schema: Schema, path: Path, tried: str) -> str:
    """A body that makes sense but for what stands at `path`."""
    if not path:
        return tried
    body = _plausible(schema)
    if path[0] == "filter":
        body = {name: value for name, value in body.items() if name not in {"target", "run_id"}}
    here: Any = body
    for name, following in pairwise(path):
        schema = _resolved(_resolved(schema)["properties"][name])
        here[name] = [None] if following == 0 else _plausible(schema)
        here = here[name]
    here[path[-1]] = _MARK
    return json.dumps(body).replace(json.dumps(_MARK), tried)


@pytest.fixture
def world() -> dict[str, Any]:
    """A row for each kind of address, by its first word."""
    phase = PhaseFactory(run__run_id="r")
    hook = Webhook.objects.create(
        name="a", url="http://127.0.0.1:1/", salt="x", key_check="x", kinds=["drain.ended"]
    )
    rule = Autopilot.objects.create(
        name="a", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON, created_by="x"
    )
    bulk = BulkAction.objects.create(
        verb="clear_queued", label="x", things="phases", reason="x", actor="x", origin="admin"
    )
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x").pk
    FingerprintFactory(key="l" * 20)
    return {
        "sessions": SessionFactory(state="running", ended_at=None).pk, "phases": phase.pk, "bulk": bulk.pk,
        "webhooks": hook.pk, "autopilots": rule.pk, "markers": marker, "fixes": marker,
        "fingerprints": FingerprintFactory(key="k" * 20).key,
        "sources": Source.objects.create(name="a", kind="sql").pk,
    }  # fmt: skip


@pytest.fixture
def key(settings: Any) -> dict[str, str]:
    settings.DRAIN_API_PER_MINUTE = 100_000
    by = Person("x", Origin.ADMIN)
    secret = issue_token(person(Role.ADMINISTRATOR), "x", by, expires_at=None)[1]
    return {"Authorization": f"Bearer {secret}"}


def _state() -> list[tuple[Any, ...]]:
    """Return the content of every table, without the times of use of tokens."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if t != "drain_apitoken"]
        each = (
            f"SELECT '{t}', md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {t} t"
            for t in tables
        )
        cursor.execute(" UNION ALL ".join(each))
        return sorted(cursor.fetchall())


def _requests(
    operation: Any, address: str, word: str
) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """Yield the tried operation, its address, its body and its headers."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    whole = json.dumps(_plausible(schema)).encode() if schema else _FILE if content else b""
    here = address.format(pk=word, key=word)
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        for value in IN_HEADERS if parameter["in"] == "header" else IN_ADDRESSES:
            told = f"{name} as {value[:20]!r}"
            if parameter["in"] == "header":
                yield told, here, whole, {name: value}
            elif parameter["in"] == "path":
                yield told, address.format(pk=value or "x", key=value or "x"), whole, {}
            else:
                yield told, f"{here}?{quote(name)}={value}", whole, {}
    for path in [()] if schema is None and content else _fields(schema) if schema else ():
        # What is huge takes a while to send, and what stands deeper is shared by many operations.
        for name, tried in (ABSURD | HUGE if len(path) < 2 else TELLING).items():
            body = tried if schema is None else _body(schema, path, tried)
            yield f"{path} as {name}", here, body.encode(), {}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_field_takes_what_makes_no_sense_for_more_than_it_is(name, world, key):
    method, address = name.split()
    word = world.get(address.split("/")[3], 1)
    before, client, count = _state(), Client(raise_request_exception=False), 0
    for what, where, body, more in _requests(OPERATIONS[name], address, word):
        with transaction.atomic():
            answer: Any = client.generic(
                method.upper(),
                where,
                body,
                content_type="application/json",
                headers={**key, **more},
            )
            # What a refused request had written must be gone by itself.
            transaction.set_rollback(answer.status_code < 400)
        count += 1
        refused = any(what.endswith(f"as {each}") for each in UNSTORABLE)
        told = f"{name}, {what}: {answer.status_code} {answer.content[:200]!r}"
        assert answer.status_code < 500, told
        assert answer["Content-Type"] == "application/json", told
        assert answer.content.isascii(), told
        assert b"\x1b" not in answer.content, told
        if answer.status_code >= 400:
            assert len(json.loads(answer.content)["error"]) < 1000, told
        assert not refused or answer.status_code in {400, 422}, told
    assert count or not {"requestBody", "parameters"} & {
        k for k, v in OPERATIONS[name].items() if v
    }
    assert _state() == before
