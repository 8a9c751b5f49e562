"""The rest of a drain is named, every rule that tripped has its card in every format,
and commands run as they are pasted.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from datetime import timedelta

import pytest

from drain.db.sql import last_line_sql as sql_last_line
from drain.db.sql import rows
from drain.evidence.report.build import build_report
from drain.evidence.report.escape import code
from drain.evidence.report.html import render_html
from drain.evidence.report.json import render_json
from drain.evidence.report.markdown import render_markdown
from drain.evidence.report.next_steps import actions
from drain.evidence.report.sentences import expected
from drain.models import Attempt, FixMarker, Hold, SessionFingerprint, SessionRun, TelemetryEvent
from drain.policy.words import last_line
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
HOSTILE_RUN = "a_b c`d;$(touch /tmp/x)'\"e|f"


def texts(session):
    """The report in every format."""
    report = build_report(session, NOON)
    return {
        "md": "".join(render_markdown(report)),
        "html": "".join(render_html(report)),
        "json": "".join(render_json(report)),
    }


def drained(run_id="run", **fields):
    """A drain of one run with one phase that is still failed."""
    run = RunFactory(run_id=run_id)
    session = SessionFactory(scope={"run_ids": [run_id]}, selected=1, total_failed=1, **fields)
    phase = PhaseFactory(run=run, phase_id="p", last_fingerprint="k", last_failure_reason="boom")
    CandidateFactory(session=session, phase=phase, fingerprint="k", planned_position=1)
    AttemptFactory(session=session, phase=phase, fingerprint="k", error="boom")
    return session


def test_every_command_is_taken_by_a_shell_word_for_word():
    session = drained(HOSTILE_RUN)
    found = [line for _, _, line in actions(build_report(session, NOON))]
    assert found
    for line in found:
        said = subprocess.run(
            ["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True
        )
        assert said.stdout.splitlines() == shlex.split(line)
    assert any(HOSTILE_RUN in shlex.split(line) for line in found)
    text = texts(session)["md"]
    assert code(next(line for line in found if HOSTILE_RUN in shlex.split(line))) in text


@pytest.mark.parametrize("text", ["a_b", "a`b", "``", "`", " x ", "a*b|c"])
def test_a_code_span_shows_its_text_whole(text):
    shown = re.fullmatch(r"(`+)(.*?)\1", code(text), re.DOTALL)
    assert shown is not None
    inner = shown[2]
    padded = inner[:1] == inner[-1:] == " " and inner.strip()
    assert (inner[1:-1] if padded else inner) == text
    assert shown[1] not in inner.replace(shown[1] + "`", "")


def test_what_is_queued_for_a_year_is_left_and_named_in_every_format():
    session = drained()
    run = session.candidates.first().run
    PhaseFactory(
        run=run, phase_id="stuck", state="QUEUED", state_changed_at=NOON - timedelta(days=337)
    )
    for form, text in texts(session).items():
        assert "stuck" in text, form
        assert "337" in text or form == "json"
        assert "Nothing is left to do" not in text
    left = json.loads(texts(session)["json"])["left"]
    assert (left["waiting_total"], left["waiting"][0]["stale"]) == (1, True)


def test_what_is_on_hold_is_left_and_named_in_every_format():
    session = drained("held-run")
    Hold.objects.create(
        kind="prefix", value="held-", reason="waits for Ada", created_by="ada", origin="browser"
    )
    for form, text in texts(session).items():
        assert "waits for Ada" in text, form


def test_the_first_lines_of_phases_still_failed_stand_beside_their_names():
    for form, text in texts(drained()).items():
        assert "preview" in text.lower(), form
        assert "boom" in text, form


def test_the_preview_of_a_traceback_is_its_error_and_not_the_places_above_it():
    session = drained()
    phase, attempt = session.candidates.first().phase, Attempt.objects.get()
    reason = f"Traceback (most recent call last):\n{'  File x, line 1, in f' * 20}\nValueError: bad row 7\n"
    phase.last_failure_reason = attempt.error = reason
    phase.save()
    attempt.save()
    for form, text in texts(session).items():
        assert "ValueError: bad row 7" in text, form
        assert "Traceback" not in text, form


@pytest.mark.parametrize("text", ["", " \n", "one", "one\ntwo", "one\r\n  two \n\t\n", "é…\n−1"])
def test_the_database_finds_the_last_line_that_pages_find(text):
    (found,) = rows(f"SELECT {sql_last_line('%(text)s::text')} AS line", {"text": text})
    assert found["line"] == last_line(text)


def test_telemetry_is_counted_for_every_phase_of_the_run_also_of_those_not_drained():
    session = drained()
    other = PhaseFactory(run=session.candidates.first().run, phase_id="untouched", state="COMPLETE")
    for _ in range(4):
        TelemetryEvent.objects.create(phase=other, kind="call")
    assert "| run | untouched | COMPLETE | 4 | 0 | 0 | 0.00 |" in texts(session)["md"]


def test_a_fingerprint_limit_and_the_stop_of_a_run_have_cards_in_every_format():
    session = drained(limits={"max_session_fingerprint_repeats": 2})
    run = session.candidates.first().run
    left_out = CandidateFactory(
        session=session, phase=PhaseFactory(run=run), fingerprint="k", planned_position=2,
        status="excluded", reason="fingerprint_stopped", detail="fingerprint k",
    )  # fmt: skip
    SessionRun.objects.create(
        session=session,
        run=run,
        stop="run_timeouts",
        stop_detail="Two phases timed out.",
        waiting=3,
    )
    for form, text in texts(session).items():
        for fact in ("fingerprint_stopped", "run_timeouts", "Two phases timed out."):
            assert fact in text.replace("\\_", "_"), (form, fact)
    stops = build_report(session, NOON).stops
    assert [(stop.rule, stop.not_run) for stop in stops] == [
        ("fingerprint_stopped", 1),
        ("run_timeouts", 3),
    ]
    assert left_out.phase.run == run


def test_the_card_of_a_fingerprint_limit_names_what_came_too_often_and_how_often():
    """Phases that had failed nobody knew why are left out for a failure that was met in the drain."""
    session = drained(limits={"max_session_fingerprint_repeats": 2})
    SessionFingerprint.objects.create(session=session, run_pk=0, key="k", count=2)
    for reason in ("", "b"):
        CandidateFactory(
            session=session, fingerprint=reason, planned_position=2, status="excluded",
            reason="fingerprint_stopped", detail="fingerprint k",
        )  # fmt: skip
    (stop,) = build_report(session, NOON).stops
    assert (stop.key, stop.observed, stop.limit, stop.not_run) == ("k", "2", "2", 2)
    assert ("drain_phase", "run", "p") in [action.argv for action in stop.actions]


def test_a_running_drain_of_chosen_phases_speaks_of_their_runs_alone():
    session = drained(state="running", ended_at=None)
    chosen = session.candidates.first().phase
    session.scope = {"run_ids": [], "phases": [chosen.pk], "fingerprints": ["k"]}
    for _ in range(3):
        PhaseFactory()
    report = build_report(session, NOON)
    assert report.after == {"FAILED": 1}
    assert expected(report) == "Drain 1 of 1 failed phase of the 1 that were chosen, by k."


def test_a_drain_that_no_fix_concerns_is_not_told_that_there_was_none():
    FixMarker.objects.create(
        title="another", applied_at=NOON - timedelta(days=9), run_ids=["elsewhere"]
    )
    for form, text in texts(drained()).items():
        if form != "json":
            assert "No fix that concerns this drain was in before it ended" in text, form


def test_a_card_offers_no_phase_that_cannot_be_tried():
    session = drained(
        stop_reason="max_consecutive_zero_yield", stop_card={"rule": "max_consecutive_zero_yield"}
    )
    phase = session.candidates.first().phase
    offered = [action.argv for stop in build_report(session, NOON).stops for action in stop.actions]
    assert ("drain_phase", "run", "p") in offered
    phase.state = "COMPLETE"
    phase.save()
    offered = [action.argv for stop in build_report(session, NOON).stops for action in stop.actions]
    assert not [argv for argv in offered if argv[0] == "drain_phase"]


def test_patterns_are_offered_from_what_was_drained_with_what_became_of_it():
    FingerprintFactory(key="k", title="ModuleNotFoundError: tracker")
    found = json.loads(texts(drained())["json"])["offered_patterns"]
    assert found == [
        {
            "pattern": "ModuleNotFoundError: tracker",
            "sentence": "1 of 1 phase that had failed this way failed this way again, 0 completed.",
        }
    ]


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        ({"fingerprint": "placed"}, "failed this way again, 0 completed."),
        ({"fingerprint": "crash"}, "failed this way again, 0 completed: offered as a guard."),
        ({"outcome": "complete"}, "failed this way again, 1 completed: offered as a guard."),
    ],
)
def test_what_may_be_the_same_has_come_again_and_what_was_replaced_is_not_called_complete(
    ended, sentence
):
    FingerprintFactory(key="k", title="ModuleNotFoundError: tracker", headline="h")
    FingerprintFactory(key="placed", headline="h", place_known=True)
    session = drained()
    session.attempt_set.update(**{"outcome": "failed", "fingerprint": "", **ended})
    (found,) = json.loads(texts(session)["json"])["offered_patterns"]
    again = 1 if "placed" in ended.values() else 0
    assert found["sentence"] == f"{again} of 1 phase that had failed this way {sentence}"


def test_nothing_is_left_only_when_nothing_is():
    session = drained()
    phase = session.candidates.first().phase
    phase.state = "COMPLETE"
    phase.save()
    assert actions(build_report(session, NOON))[0][0] == "Nothing is left to do"
