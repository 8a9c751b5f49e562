"""One of everything that an address can name, and who asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from drain.models import (
    ApiToken,
    Autopilot,
    BulkAction,
    DrainSession,
    Fingerprint,
    FixMarker,
    Hold,
    Note,
    Phase,
    Source,
    Webhook,
)
from drain.models.roles import Role
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)
from tests.people import signed_in
from tests.permissions_table import (
    API,
    NOT_MADE_FOR,
    PAGES,
    PUBLIC,
    SIGNED_IN,
    Least,
    Row,
)

WHO: tuple[str | Role | None, ...] = ("anonymous", None, *Role)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
LEADING = ("admin:app_list", "admin:autocomplete", "admin:view_on_site", "admin:")


def make_world() -> dict[str, int]:
    run = RunFactory()
    phase = PhaseFactory(run=run)
    session = SessionFactory(state="running", ended_at=None)
    attempt = AttemptFactory(phase=phase, session=session)
    held = Hold.objects.create(
        kind="run", value=run.run_id, reason="x", created_by="x", origin="admin"
    )
    FingerprintFactory(key="k" * 20)
    bulk = BulkAction.objects.create(
        verb="clear_queued", label="x", things="phases", reason="x", actor="x", origin="admin"
    )
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
    hook = Webhook.objects.create(
        name="x", url="http://127.0.0.1:1/", salt="x", key_check="x", kinds=["drain.ended"]
    )
    rule = Autopilot.objects.create(
        name="x", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON, created_by="x"
    )
    source = Source.objects.create(name="x", kind="sql")
    note = Note.objects.create(run=run, text="x", created_by="x", origin="browser")
    return {
        "note": note.pk, "source": source.pk,
        "webhook": hook.pk, "autopilot": rule.pk,
        "run": run.pk, "phase": phase.pk, "session": session.pk, "attempt": attempt.pk,
        "hold": held.pk, "marker": marker.pk, "bulk": bulk.pk,
    }  # fmt: skip


def at_the_edge(row: Row) -> tuple[str | Role | None, ...]:
    """A stranger, a viewer, and of each method of an address the least who may and the most who may not."""
    ranks = [PUBLIC, SIGNED_IN, *Role]
    least = [ranks.index(each) for each in (row.get, row.post) if each != NOT_MADE_FOR]
    wanted = {0, ranks.index(Role.VIEWER), *least, *(rank - 1 for rank in least if rank)}
    return tuple(who for rank, who in enumerate(WHO) if rank in wanted)


def by_edge_and_by_everybody(table: dict[str, Row]) -> list[Any]:
    """Each address by who stands at the edge of what it asks for; `make verify` asks as everybody."""
    return [
        pytest.param(name, who, id=f"{name}{told}", marks=marks)
        for name, row in table.items()
        for who, told, marks in (
            (at_the_edge(row), "", ()),
            (WHO, " as everybody", pytest.mark.verify),
        )
    ]


def client_of(who: str | Role | None) -> Client:
    return Client() if who == "anonymous" else signed_in(who if isinstance(who, Role) else None)


def address_in(name: str, world: dict[str, int]) -> str:
    """Return the address of that name in this world."""
    wanted = next(p for p in patterns(get_resolver(), "") if p[0] == name)[1]
    row = PAGES.get(name) or API[name]
    given = {
        "pk": world.get(row.pk, 0),
        "rest": "nowhere",
        "reason": "run_held",
        "key": "k" * 20,
        "kind": "md",
        "delivery": UUID(int=0),
    }
    values = {key: given[key] for key in wanted.pattern.converters}
    return reverse(name, kwargs=values)


def patterns(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each, f"{each.namespace}:" if each.namespace else space)
        else:
            yield f"{space}{each.name}", each


def may(who: str | Role | None, least: Least) -> bool:
    if least == PUBLIC:
        return True
    if who == "anonymous":
        return False
    if least == SIGNED_IN:
        return True
    order = list(Role)
    return isinstance(who, Role) and order.index(who) >= order.index(Role(least))


def answer_to(client: Client, method: str, address: str) -> tuple[int, str]:
    with transaction.atomic():
        answer = getattr(client, method.lower())(address)
        transaction.set_rollback(True)
    return answer.status_code, answer.headers.get("Location", "")


def state_of_all() -> tuple[object, ...]:
    """Return the rows that somebody could have changed."""
    return (
        *DrainSession.objects.values_list("state"), *Phase.objects.values_list("state"), Hold.objects.count(),
        FixMarker.objects.count(), BulkAction.objects.count(), *BulkAction.objects.values_list("state"),
        *Fingerprint.objects.values_list("status"), ApiToken.objects.count(),
    )  # fmt: skip
