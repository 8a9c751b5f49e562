"""A script with a token: what it sends and what it gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from drain.models import AuditEvent, BulkAction
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.people import person


class Script:
    """Somebody's script; `token` is its secret."""

    def __init__(self, token: str) -> None:
        self.token = token

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """One request; the answer is JSON whatever happens."""
        data = b"" if body is None else json.dumps(body).encode()
        return self.raw(method, path, data, **headers)

    def raw(self, method: str, path: str, data: bytes, **headers: str) -> Any:
        """The same with bytes."""
        given = {"Authorization": f"Bearer {self.token}", **headers}
        answer: Any = Client(REMOTE_ADDR="10.0.0.7").generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=given
        )
        assert answer["Content-Type"] == "application/json", answer.content[:200]
        assert answer["X-Content-Type-Options"] == "nosniff"
        return answer

    def get(self, path: str, status: int = 200) -> dict[str, Any]:
        return self._said(self.ask("GET", path), status)

    def post(self, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
        return self._said(self.ask("POST", path, body), status)

    def _said(self, answer: Any, status: int) -> dict[str, Any]:
        assert answer.status_code == status, answer.content.decode()[:500]
        found: dict[str, Any] = json.loads(answer.content)
        return found


Scripts = Callable[..., Script]


@pytest.fixture(autouse=True)
def _every_line_of_a_script_names_its_token(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did through the API: the audit says with which token, and who issued it."""
    yield
    if "script" in request.fixturenames:
        # What a worker moves later for a large request names the person; its `bulk.start` names the token.
        later = set(BulkAction.objects.values_list("verb", flat=True))
        lines = AuditEvent.objects.filter(origin=Origin.API)
        silent = [line.verb for line in lines if ", issued by " not in line.new.get("token", "")]
        assert [verb for verb in silent if verb.rpartition(".")[2] not in later] == []


@pytest.fixture
def script(db: None) -> Scripts:
    """A script of somebody with a role."""

    def made(role: Role = Role.OPERATOR, **options: Any) -> Script:
        by = Person("administrator", Origin.ADMIN)
        given = {"expires_at": None, **options}
        return Script(issue_token(person(role), "script", by, **given)[1])

    return made
