"""The list of drains and a drain's page: a shareable address, live while it runs, every stop condition."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.models import Candidate, DrainSession, Phase, SessionRun
from drain.models.roles import Role
from tests.dashboard.drains.sessions import a_session
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script>\'&'


def inert(page):
    """Nothing hostile became markup or left its attribute; it is there as text."""
    return "<script>alert" not in page and 'alert("' not in page and "&lt;script&gt;" in page


def test_it_shows_progress_gauges_results_reasons_and_the_command():
    session = a_session()
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "3 of 4 phases in 3 attempts, 75 %" in page
    assert "Timeouts per run" in page
    assert "<strong>1</strong> / 2" in page
    assert "5 of 9" in page  # excluded of failed
    assert "manage.py drain --batch-size 20 --parallel 1" in page


def test_a_drain_of_single_phases_names_no_command_that_would_drain_others():
    session, phase = a_session(), Phase.objects.all()[0]
    viewer = signed_in(Role.VIEWER)
    for scope, command in (
        ({"phase": phase.pk}, f"manage.py drain_phase {phase.run.run_id} {phase.phase_id}"),
        ({"phases": [phase.pk]}, None),
    ):
        DrainSession.objects.update(
            scope=scope, state="stopped", stop_reason="person", ended_at=NOON
        )
        page = viewer.get(f"/drains/{session.pk}/").content.decode()
        assert f'data-copy="{command}"' in page if command else 'data-copy="manage.py' not in page
        assert "Drain the rest" not in page
        assert "Read the report" in page


def test_a_refresh_is_small_and_ends_when_the_session_has_ended():
    viewer, session = signed_in(Role.VIEWER), a_session(attempts=25)
    live = viewer.get(f"/drains/{session.pk}/", headers={"HX-Request": "true"})
    assert live.status_code == 200
    assert len(live.content) <= 30_000
    DrainSession.objects.filter(pk=session.pk).update(state="finished", ended_at=NOON)
    over = viewer.get(f"/drains/{session.pk}/", headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert b"data-live=" not in over.content


def test_an_attempt_that_ends_after_an_interruption_is_counted_at_once():
    session, client = a_session(state="interrupted"), signed_in(Role.VIEWER)
    for complete in (70, 71):
        SessionRun.objects.filter(session=session).update(complete=complete)
        page = client.get(f"/drains/{session.pk}/").content.decode()
        assert f'<div class="part-value">{complete}</div>' in page


@pytest.mark.parametrize("state", ["running", "finished"])
def test_the_page_asks_the_database_no_more_than_twelve_times(state):
    viewer, session = signed_in(Role.VIEWER), a_session(state, attempts=30)
    viewer.get(f"/drains/{session.pk}/")  # the frame's counts are shared through the cache
    with CaptureQueriesContext(
        connection,
    ) as asked:
        viewer.get(f"/drains/{session.pk}/", headers={"HX-Request": "true"})
    assert len(asked) <= 12, [query["sql"][:90] for query in asked]
    cache.clear()


def test_a_stopped_session_says_why_and_what_is_safe_to_do_next():
    key = FingerprintFactory(title="SyntaxError: invalid syntax").key
    session = a_session("stopped", stop_reason="failure_rate")
    tripped = AttemptFactory(session=session, error="Traceback\nSyntaxError: invalid syntax")
    card = {"rule": "failure_rate", "limit": 0.5, "observed": 0.75, "key": key}
    sentence = "15 of the last 20 attempts failed; the limit is 50%."
    DrainSession.objects.filter(pk=session.pk).update(
        stop_attempt=tripped, stop_card=card | {"sentence": sentence}
    )
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    assert f"Stopped: {sentence}" in page
    assert "75 % / 50 %" in page
    assert f"#{tripped.pk} {tripped.phase.phase_id}" in page
    assert "1 of 4 phases" in page
    assert "Next safe actions" in page
    assert "manage.py</span>" not in page
    assert "drain_phase" in page
    # What has stopped cannot be resumed: the way on is a new plan under the same limits.
    assert "--resume" not in page
    assert "/drains/new/?batch_size=" in page


def test_a_run_that_was_left_is_named_even_when_the_session_finished():
    session = a_session("finished")
    said = "Run research-system-v2 failed the same way 3 times; the limit is 3."
    SessionRun.objects.filter(session=session).update(stop="run_stopped", stop_detail=said)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert said in page
    assert "Next safe actions" in page
    failed = AttemptFactory(
        session=session, run=SessionRun.objects.get().run, fingerprint="f" * 32, outcome="failed"
    )
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    assert f"#{failed.pk} {failed.phase.phase_id}" in page
    assert "f" * 32 in page


def test_what_people_and_phases_write_is_text_wherever_it_stands():
    session = a_session(
        note=HOSTILE, preflight={HOSTILE: {"ok": False, "seconds": 1, "output": HOSTILE}}
    )
    phase = PhaseFactory(phase_id=HOSTILE, run=RunFactory(run_id=HOSTILE), state="EXECUTING")
    AttemptFactory(
        session=session, phase=phase, outcome=None, finished_at=None, tail=f"{HOSTILE}\nsecond"
    )
    AttemptFactory(
        session=session,
        phase=PhaseFactory(run=phase.run, phase_id="ended"),
        error=f"first\n{HOSTILE}",
    )
    SessionRun.objects.create(
        session=session, run=phase.run, stop="run_stopped", stop_detail=HOSTILE
    )
    viewer = signed_in(Role.VIEWER)
    for state, ended in (("running", None), ("finished", NOON)):
        DrainSession.objects.update(state=state, ended_at=ended, stop_card={"sentence": HOSTILE})
        page = viewer.get(f"/drains/{session.pk}/").content.decode()
        assert inert(page)
        assert page.count("&lt;script&gt;") >= 8
        assert inert(viewer.get("/drains/").content.decode())


def test_the_plan_of_an_ended_drain_says_what_became_of_each_phase():
    session = a_session("finished")
    run = SessionRun.objects.get().run
    for number, became in enumerate(
        ({"outcome": "timeout"}, {"status": "excluded", "reason": "run_stopped"}), 10
    ):
        CandidateFactory(
            session=session, phase=PhaseFactory(run=run, phase_id=f"{number} {HOSTILE}"), run=run, why=HOSTILE,
            planned_position=number, **became,
        )  # fmt: skip
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    plan = page[page.index("Plan and outcome") :]
    assert inert(plan)
    assert [word in plan for word in ("Complete", "Timeout", "Run stopped", "Not started")] == [
        True
    ] * 4


def test_of_many_attempts_that_run_the_longest_are_shown_and_all_are_counted():
    session = a_session(parallel=40)
    run = SessionRun.objects.get().run
    for number in range(15):
        phase = PhaseFactory(run=run, phase_id=f"open-{number}", state="EXECUTING")
        started = NOON + timedelta(minutes=number)
        AttemptFactory(
            phase=phase, session=session, outcome=None, finished_at=None, started_at=started
        )
        CandidateFactory(
            session=session, phase=phase, status="running", planned_position=9 + number
        )
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "15 of 40 slots, the 12 that run longest" in page
    assert ">open-11<" in page
    assert ">open-12<" not in page


def test_results_are_paged_by_key():
    viewer, session = signed_in(Role.VIEWER), a_session(attempts=60)
    page = viewer.get(f"/drains/{session.pk}/").content.decode()
    assert page.count('data-row="a') == 25
    assert 'rel="next"' in page
    for wrong in ("abc", "-1", "9" * 40):
        assert viewer.get(f"/drains/{session.pk}/?before={wrong}").status_code == 200


def test_the_list_pages_and_filters_and_says_when_a_filter_hides_everything():
    viewer = signed_in(Role.VIEWER)
    assert "Nothing was drained yet" in viewer.get("/drains/").content.decode()
    session = a_session()
    page = viewer.get("/drains/").content.decode()
    row = page[page.index(f'data-row="s{session.pk}"') :]
    assert '>4<span class="faint"> of 9</span>' in row
    assert 'data-label="complete">3</td>' in row
    assert 'data-label="took">–</td>' not in row
    DrainSession.objects.update(started_at=None)
    assert 'data-label="took">–</td>' in viewer.get("/drains/").content.decode()
    assert "No drain matches these filters" in viewer.get("/drains/?state=refused").content.decode()


def test_the_phases_behind_a_reason_are_a_page_of_their_own():
    viewer, session = signed_in(Role.VIEWER), a_session()
    held = CandidateFactory(
        session=session, status="excluded", reason="run_held", detail="held by me"
    )
    page = viewer.get(f"/drains/{session.pk}/excluded/run_held/").content.decode()
    assert held.phase.phase_id in page
    assert "held by me" in page
    assert Candidate.objects.count()
    assert viewer.get(f"/drains/{session.pk}/excluded/nonsense/").status_code == 404


def test_a_drain_that_no_host_can_go_on_with_says_so():
    run = RunFactory(executor=ExecutorFactory(name="elsewhere"))
    session = SessionFactory(state="running", ended_at=None)
    SessionRun.objects.create(session=session, run=run, waiting=1)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "No host can run the executor elsewhere: " in page


def test_a_fingerprint_that_came_too_often_in_the_session_has_its_card():
    session = a_session("finished")
    cause = FingerprintFactory(title="patch does not apply")
    DrainSession.objects.filter(pk=session.pk).update(
        limits={**session.limits, "max_session_fingerprint_repeats": 3}
    )
    CandidateFactory(
        session=session, phase=PhaseFactory(last_fingerprint=cause.key), fingerprint=cause.key,
        planned_position=9, status="excluded", reason="fingerprint_stopped",
    )  # fmt: skip
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    assert "Stopped in part: The same failure came too often in this drain." in page
    assert "fingerprint_stopped" in page
    assert "patch does not apply" in page
    assert f"fingerprint={cause.key}" in page


@pytest.mark.parametrize(
    ("state", "reason", "word", "icon"),
    [
        ("running", "", "Drain {}", "favicon."),
        ("finished", "", "Finished: Drain {}", "favicon-finished."),
        ("finished", "nothing_selected", "Nothing selected: Drain {}", "favicon-stopped."),
        ("stopped", "failure_rate", "Stopped: Drain {}", "favicon-stopped."),
        ("interrupted", "", "Interrupted: Drain {}", "favicon-stopped."),
    ],
)
def test_the_tab_of_the_browser_says_how_a_drain_ended(state, reason, word, icon):
    live = state == "running"
    session = SessionFactory(state=state, stop_reason=reason, ended_at=None if live else NOON)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert f"<title>{word.format(session.pk)} · drainsite</title>" in page
    assert f'data-live-title="{word.format(session.pk)} · drainsite"' in page
    assert re.search(rf'data-live-icon="[^"]*{re.escape(icon)}', page)
