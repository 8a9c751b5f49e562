"""Tasks share a worker process: none leaves the next one a connection in an unknown state."""

from __future__ import annotations

import pytest
from django.db import connection

from drain import tasks

pytestmark = pytest.mark.django_db(transaction=True)
TASKS = {
    "drain_loop": ("Loop", ()),
    "act_in_bulk": ("run_bulk", (1,)),
    "answer": ("answer_probe", ()),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_fails_closes_its_connection(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, arguments = TASKS[name]

    def broken(*_: object, **__: object) -> None:
        connection.ensure_connection()
        raise RuntimeError("broken")

    monkeypatch.setattr(tasks, inner, broken)
    with pytest.raises(RuntimeError, match="broken"):
        getattr(tasks, name)(*arguments)
    assert connection.connection is None
