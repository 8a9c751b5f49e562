"""A megabyte where a word was expected is bounded or refused with one sentence, at every door."""

from __future__ import annotations

import json
import sqlite3
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from drain.engine.process.output.report import ReportReader
from drain.engine.queue.holds import hold, release
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, AuditEvent, BulkAction, DrainSession, ExecutorProfile, Hold, Phase
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.policy.stopping.limits import Limits
from drain.sources.values import TEXT_LIMIT, as_text
from tests.factories import PhaseFactory, RunFactory
from tests.people import signed_in
from tests.security.backlog import addresses, hostile_backlog
from tests.security.hostile import HUGE, MEGABYTE
from tests.sources.conftest import DATA

pytestmark = pytest.mark.django_db
SENTENCE = 600
"""Characters that one sentence of ours may have: what is refused is never said back in full."""
ADA = Person("ada", Origin.API)
KINDS = pytest.mark.parametrize("huge", HUGE, ids=range(len(HUGE)))


def _import(tmp_path, **fields) -> None:
    path = tmp_path / "phases.jsonl"
    record = {"run_id": "r", "phase_id": "p", "phase_index": 0, "state": "FAILED", **fields}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n")
    call_command("import_phases", str(path), stdout=StringIO())


def _refused(act) -> str:
    with pytest.raises(Exception, match=r"\w") as refused:
        act()
    sentence = str(refused.value)
    assert type(refused.value).__name__ in {
        "CommandError",
        "EngineError",
        "InputError",
        "LimitError",
    }, sentence
    assert len(sentence) < SENTENCE
    return sentence


@KINDS
@pytest.mark.parametrize(
    "field", ["run_id", "phase_id", "name", "category", "executor", "run_name"]
)
def test_a_file_with_a_huge_name_is_refused_by_line_and_imports_nothing(tmp_path, huge, field):
    assert "Line 1" in _refused(lambda: _import(tmp_path, **{field: huge}))
    assert not Phase.objects.exists()


@KINDS
def test_a_huge_reason_of_a_file_is_kept_in_part(tmp_path, huge):
    _import(tmp_path, reason=huge)
    kept = Phase.objects.get().last_failure_reason
    assert len(kept) <= TEXT_LIMIT
    assert "[... cut ...]" in kept


@pytest.mark.parametrize("name", [HUGE[0], "x" * 201, ""])
def test_a_source_with_a_name_that_no_column_holds_is_refused(tmp_path, name):
    path = tmp_path / "phases.jsonl"
    path.write_text('{"run_id": "r", "phase_id": "p", "state": "FAILED"}')
    said = _refused(lambda: call_command("import_phases", str(path), "--name", name))
    assert "1 to 200 characters" in said
    assert not Phase.objects.exists()


def test_a_line_longer_than_four_megabytes_is_refused_by_number(tmp_path):
    assert "Line 1 begins a value that is longer than 4 MiB" in _refused(
        lambda: _import(tmp_path, reason="x" * 5 * MEGABYTE)
    )


@pytest.fixture
def autopack(tmp_path):
    """A copy of the sample, and a way to change it."""
    path = tmp_path / "a.sqlite3"
    path.write_bytes((DATA / "autopack_sample.sqlite3").read_bytes())

    def change(sql: str, *values: object) -> str:
        with sqlite3.connect(path) as connection:
            connection.execute(sql, values)
        connection.close()
        return f"sqlite:///{path}"

    return change


@pytest.mark.verify
@KINDS
def test_an_autopack_database_with_huge_texts_is_kept_in_part(autopack, huge):
    url = autopack(
        "UPDATE phases SET last_failure_reason = ?, name = ? WHERE state = 'FAILED'", huge, huge
    )
    call_command("import_autopack", url, stdout=StringIO())
    longest = max(map(len, Phase.objects.values_list("last_failure_reason", flat=True)))
    assert TEXT_LIMIT - 100 < longest <= TEXT_LIMIT
    assert max(map(len, Phase.objects.values_list("name", flat=True))) <= 300


def test_an_autopack_database_with_a_huge_id_is_refused_in_one_sentence(autopack):
    url = autopack("UPDATE phases SET phase_id = ? WHERE rowid = 1", HUGE[0])
    said = _refused(lambda: call_command("import_autopack", url, stdout=StringIO()))
    assert "cannot be a phase id" in said
    assert not Phase.objects.exists()


@KINDS
def test_a_huge_line_of_a_report_is_counted_and_named(tmp_path, huge):
    path = tmp_path / "report"
    path.write_text(
        json.dumps({"event": "failure", "reason": huge}) + '\n{"event":"state","state":"gate"}\n'
    )
    report = ReportReader(path).finish()
    assert (report.bad_count, report.failure, report.state) == (1, None, "gate")
    assert "line 1: longer than 65536 bytes" in report.bad_lines


@pytest.mark.django_db(transaction=True)
def test_a_phase_that_prints_a_megabyte_in_one_line_has_a_bounded_row(tmp_path):
    script = tmp_path / "huge.txt"
    script.write_text(HUGE[1])
    ExecutorProfile.objects.create(
        name="x", argv=["/bin/sh", "-c", f"cat {script}; exit 1"], is_default=True
    )
    PhaseFactory()
    call_command("drain", "--inline", "--batch-size", "1", stdout=StringIO())
    attempt = Attempt.objects.get()
    assert attempt.log_bytes >= MEGABYTE
    assert len(attempt.error) < 30_000
    assert len(attempt.tail) < 300_000
    assert len(Phase.objects.get().last_failure_reason) <= TEXT_LIMIT


@KINDS
def test_huge_words_in_forms_of_the_pages_are_refused_and_nothing_changes(huge):
    operator = signed_in(Role.MANAGER)
    phase = PhaseFactory(state="QUEUED")
    clear = {"pk": phase.pk, "confirmed": "1", "to": "skipped", "reason": huge}
    for address, form in (
        ("/queued/clear/", clear),
        ("/holds/", {"target": phase.run.run_id, "reason": huge}),
        ("/holds/", {"target": huge, "reason": "x"}),
        ("/drains/new/", {"note": huge, "run": huge}),
    ):
        answer = operator.post(address, form, follow=True)
        assert answer.status_code in {200, 422}, address
        assert len(answer.content) < 4 * MEGABYTE
    assert Phase.objects.get().state == "QUEUED"
    assert not Hold.objects.exists()
    assert not AuditEvent.objects.exists()


@KINDS
def test_huge_words_in_the_admin_are_refused_and_nothing_changes(huge):
    manager = signed_in(Role.MANAGER)
    phase = PhaseFactory(state="QUEUED")
    act = {"action": "clear_queued", "_selected_action": phase.pk, "index": 0, "confirmed": "yes"}
    page = manager.post("/admin/drain/phase/", {**act, "to": "SKIPPED", "reason": huge})
    assert "at most 500 characters" in page.content.decode()
    page = manager.post(
        reverse("admin:drain_run_add"),
        {"run_id": huge, "order": "sequential", "max_parallel": 1, "labels": "{}"},
    )
    assert "at most 300 characters" in page.content.decode()
    assert Phase.objects.get().state == "QUEUED"
    assert not AuditEvent.objects.exists()
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize("word", [HUGE[0], "nul\0inside"], ids=["huge", "nul"])
def test_verbs_refuse_a_megabyte_and_a_nul_byte_whoever_asks(word):
    run = RunFactory()
    now = timezone.now()
    drains = (
        DrainRequest(SessionScope(), Limits(), "ada", Origin.API, note=word),
        DrainRequest(SessionScope(run_ids=(word,)), Limits(), "ada", Origin.API),
        DrainRequest(SessionScope(skip_run_prefixes=(word,)), Limits(), "ada", Origin.API),
        DrainRequest(SessionScope(fingerprints=(word,)), Limits(), "ada", Origin.API),
    )
    acts = [
        lambda: hold(run.run_id, word, ADA, now),
        lambda: hold(word, "x", ADA, now),
        lambda: hold(f"{word}*", "x", ADA, now),
        lambda: release(word, ADA, now),
        *((lambda asked=asked: create_session(asked, now)) for asked in drains),
    ]
    for act in acts:
        _refused(act)
    assert not Hold.objects.exists()
    assert not DrainSession.objects.exists()


def test_a_marker_with_a_huge_title_is_refused():
    with pytest.raises(CommandError, match="at most 300 characters"):
        call_command("marker", "add", HUGE[0])


@pytest.mark.verify
def test_pages_of_rows_as_long_as_they_may_be_stay_inert_and_bounded():
    world = hostile_backlog([as_text(huge) for huge in HUGE])
    client = signed_in(Role.ADMINISTRATOR)
    for address in addresses(world):
        answer = client.get(address)
        assert answer.status_code == 200, address
        html = answer.content.decode()
        assert len(html) < 3 * MEGABYTE, f"{address} {len(html):,}"
        assert "alert(1)</script>" not in html, address
