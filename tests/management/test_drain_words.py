"""The sentences of `drain` on phases that it selected and did not run."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from drain.evidence.report.build import build_report
from drain.evidence.report.sentences import root_cause
from drain.management.base import DrainCommand
from drain.management.ledger import print_result
from drain.management.outcome import conclude
from drain.models import Candidate, Fingerprint
from tests.factories import (
    NOON,
    AttemptFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


def test_selected_phases_that_were_dropped_on_the_way_are_named_with_their_reason():
    session = SessionFactory(state="finished", total_failed=1, selected=1)
    phase = PhaseFactory()
    Candidate.objects.create(
        session=session,
        phase=phase,
        run=phase.run,
        planned_position=1,
        status="excluded",
        reason="run_stopped",
    )
    out = StringIO()
    print_result(OutputWrapper(out), session)
    assert "Of the selected, 1 run_stopped: " in out.getvalue()
    assert root_cause(build_report(session, NOON)).startswith("Of the selected, 1 run_stopped: ")


def test_a_resumed_plan_is_not_previewed():
    with pytest.raises(CommandError, match="--resume continues a plan that is frozen"):
        call_command("drain", "--resume", "--dry-run")


def test_a_preview_is_one_json_object_whatever_its_phases_are_called():
    ExecutorFactory()
    run = RunFactory(run_id='a "run" \\ of\n<b>\u2028')
    PhaseFactory(run=run, phase_id="é\x1b[31m", phase_index=1)
    PhaseFactory(run=run, phase_id='"}', phase_index=2)
    out = StringIO()
    call_command("drain", "--dry-run", "--json", "--batch-size", "1", stdout=out)
    phase = {"run_id": run.run_id}
    assert json.loads(out.getvalue()) == {
        "total_failed": 2,
        "selected": [phase | {"phase_id": "é\x1b[31m", "position": 1, "category": "unknown"}],
        "excluded": [
            phase
            | {"phase_id": '"}', "reason": "beyond_batch", "detail": "the batch of 1 was full"}
        ],
    }


def test_what_did_not_fit_into_the_batch_is_said_with_the_option_that_takes_it():
    ExecutorFactory()
    run = RunFactory()
    for number in range(3):
        PhaseFactory(run=run, phase_id=f"p{number}", phase_index=number)
    for size, said in (
        ("1", "2 phases did not fit into the batch: --batch-size takes more than 1 "),
        ("3", ""),
    ):
        out = StringIO()
        call_command("drain", "--dry-run", "--batch-size", size, stdout=out)
        assert said in out.getvalue()
        assert ("did not fit" in out.getvalue()) is bool(said)


def test_the_end_of_a_drain_names_what_failed_and_where_more_stands():
    session = SessionFactory(state="finished", total_failed=5, selected=5)
    for number, (key, title) in enumerate(
        [("a", "KeyError: 7"), ("a", "KeyError: 7"), ("b", "B"), ("c", "C"), ("d", "D")]
    ):
        Fingerprint.objects.filter(key=key).exists() or FingerprintFactory(key=key, title=title)
        AttemptFactory(
            session=session,
            outcome="failed",
            fingerprint=key,
            phase=PhaseFactory(phase_id=f"p{number}"),
        )
    AttemptFactory(session=session, outcome="complete", phase=PhaseFactory(phase_id="fine"))
    out = StringIO()
    conclude(DrainCommand(stdout=out), session, as_json=False)
    assert "Failed by: KeyError: 7 (2); B (1); C (1); ….\n" in out.getvalue()
    assert out.getvalue().endswith(f"More: `manage.py report {session.pk}`.\n")
