"""The report of a drain in the browser and as files."""

from __future__ import annotations

import json

import pytest

from drain.dashboard.drains.report import said
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import CandidateFactory, PhaseFactory, RunFactory, SessionFactory

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>"


def a_session():
    session = SessionFactory(note=HOSTILE, total_failed=1, selected=1)
    phase = PhaseFactory(run=RunFactory(run_id=HOSTILE), phase_id=HOSTILE)
    CandidateFactory(session=session, phase=phase)
    return session


def test_the_page_shows_the_report_and_renders_hostile_names_inert():
    session = a_session()
    body = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/report/").content.decode()
    assert f"Report of drain {session.pk}" in body
    assert HOSTILE not in body


@pytest.mark.parametrize(("kind", "start"), [("md", "# "), ("json", "{")])
def test_the_same_report_can_be_saved_as_a_file(kind: str, start: str):
    session = a_session()
    answer = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/report/{kind}/")
    body = answer.getvalue().decode()
    assert body.startswith(start)
    assert answer["Content-Disposition"] == f'attachment; filename="drain-{session.pk}.{kind}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    if kind == "json":
        json.loads(body)


def test_other_kinds_do_not_exist():
    assert signed_in(Role.VIEWER).get(f"/drains/{a_session().pk}/report/exe/").status_code == 404


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("40 selected + 68 beyond_batch = 108 failed phases", "40 selected + 68 beyond batch size = 108 failed phases"),
        ("beyond_batch", "beyond batch size"),
        ("68 phases were left out as run_held: The run is on hold.", "68 phases were left out as run held: The run is on hold."),
        ("2 × beyond_batch: The batch was smaller", "2 × beyond batch size: The batch was smaller"),
        ("Run run_held failed the same way 3 times", "Run run_held failed the same way 3 times"),
    ],
)  # fmt: skip
def test_a_reason_stands_in_words_on_the_page_and_a_run_of_that_name_stays(text, shown):
    assert said(text) == shown
