"""The list of drains and the page of one: a shareable address, live while it runs, with every stop condition."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.dashboard.drains.gauges import session_gauges
from drain.models import Candidate, DrainSession, Phase, SessionFingerprint, SessionRun
from drain.models.roles import Role
from drain.policy.stopping.limits import Limits
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


def a_session(state="running", attempts=3, **fields):
    run = RunFactory(run_id="research-system-v2")
    session = SessionFactory(
        state=state,
        ended_at=None if state in ("running", "paused", "planned", "stopping") else NOON,
        limits=Limits(batch_size=20, max_total_minutes=90).to_json(),
        selected=attempts + 1,
        total_failed=attempts + 6,
        ledger={"beyond_batch": 3, "run_held": 2},
        **fields,
    )
    SessionRun.objects.create(session=session, run=run, complete=attempts, waiting=1, timeouts=1)
    for number in range(attempts):
        phase = PhaseFactory(run=run)
        AttemptFactory(phase=phase, run=run, session=session, outcome="complete")
        CandidateFactory(
            session=session, phase=phase, run=run, planned_position=number + 1, outcome="complete"
        )
    CandidateFactory(
        session=session,
        phase=PhaseFactory(run=run),
        run=run,
        planned_position=attempts + 1,
        status="waiting",
    )
    return session


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
    assert "0.75 / 0.5" in page
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


def test_repeats_are_named_by_the_failure_and_not_by_its_key():
    session, cause = a_session(), FingerprintFactory(title="patch does not apply")
    run = SessionRun.objects.get(session=session).run_id
    SessionFingerprint.objects.create(session=session, run_pk=run, key=cause.key, count=2)
    SessionFingerprint.objects.create(session=session, run_pk=0, key=cause.key, count=2)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "patch does not apply in run research-system-v2" in page
    assert "1 fingerprint<" in page
    assert "1 near its limit" not in page


def test_a_gauge_counts_what_may_be_the_same_failure_as_its_limit_does():
    session, run = a_session(), SessionRun.objects.get().run_id
    for of_run in (run, 0):
        for key, place_known, count in (("a", True, 3), ("b", False, 1), ("c", True, 1)):
            SessionFingerprint.objects.create(
                session=session, run_pk=of_run, key=key, headline="h", place_known=place_known,
                count=count,
            )  # fmt: skip
    SessionFingerprint.objects.create(session=session, run_pk=run, key="d", count=4)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "a in run research-system-v2" in page
    limits = Limits(batch_size=20, max_session_fingerprint_repeats=9)
    gauges = session_gauges(session, limits, {"most_timeouts": 0, "phases": 5}, NOON)
    assert [view.observed for view in gauges if "epeats" in view.name] == [5, 5]


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
    plan = page[page.index("Plan against actual") :]
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


@pytest.mark.parametrize("act", ["pause", "resume", "stop", "cancel"])
def test_a_viewer_may_look_and_not_act(act):
    session = a_session()
    assert signed_in(Role.VIEWER).post(f"/drains/{session.pk}/{act}/").status_code == 403
    assert DrainSession.objects.get(pk=session.pk).state == "running"


def test_acting_needs_a_token_and_a_post():
    session = a_session()
    assert (
        signed_in(Role.OPERATOR, csrf=True).post(f"/drains/{session.pk}/pause/").status_code == 403
    )
    assert signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/pause/").status_code == 405


def test_an_operator_pauses_resumes_stops_and_is_told_what_happened():
    session, operator = a_session(), signed_in(Role.OPERATOR)
    for act, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        answer = operator.post(f"/drains/{session.pk}/{act}/", follow=True)
        assert DrainSession.objects.get(pk=session.pk).state == state
        assert f"Drain {session.pk}" in answer.content.decode()
    refused = operator.post(f"/drains/{session.pk}/pause/", follow=True).content.decode()
    assert "cannot be paused" in refused


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
    assert "Left alone: The same failure came too often in this drain." in page
    assert "fingerprint_stopped" in page
    assert "patch does not apply" in page
    assert f"fingerprint={cause.key}" in page


def test_a_drain_that_ended_offers_what_failed_the_rest_and_the_same_again():
    session = a_session("stopped", stop_reason="person")
    failed = Candidate.objects.get(session=session, planned_position=1)
    Candidate.objects.filter(pk=failed.pk).update(outcome="failed")
    SessionRun.objects.filter(session=session).update(complete=2, failed=1)
    left = Candidate.objects.get(session=session, status="waiting")
    ExecutorFactory(is_default=True)
    operator = signed_in(Role.OPERATOR)
    page = operator.get(f"/drains/{session.pk}/").content.decode()
    for part, phase in (("failed", failed.phase_id), ("rest", left.phase_id)):
        address = f"/drains/new/?of={session.pk}%3A{part}"
        assert address in page
        form = operator.get(address).content.decode()
        assert "Start drain of 1 phase" in form
        assert f'name="of" value="{session.pk}:{part}"' in form
        assert f'name="seen_ids" value="{phase}"' in form
    assert "Same again…" in page
    assert "/drains/new/?batch_size=20" in page
    assert (
        "Same again…" not in signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    )


@pytest.mark.parametrize("of", ["1:failed", "0:rest", "x:failed", "7:all", "7"])
def test_a_part_of_a_drain_that_holds_no_failed_phase_is_never_everything(of):
    ExecutorFactory(is_default=True)
    PhaseFactory()
    page = signed_in(Role.OPERATOR).get("/drains/new/", {"of": of}).content.decode()
    assert "nothing is left to drain" in page
    assert "Nothing to start" in page


def test_cancelling_asks_with_the_numbers_of_now_and_stopping_acts_at_one_click():
    session = a_session("running")
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    assert "0 running phases are ended and go back to failed" in page
    asks, acts = (f'action="/drains/{session.pk}/{verb}/"' for verb in ("cancel", "stop"))
    assert page.index(acts) < page.index("<dialog") < page.index(asks)


def test_a_stop_by_a_person_offers_to_take_it_back_and_one_by_a_rule_does_not():
    session, client = a_session("stopping"), signed_in(Role.OPERATOR)
    for reason, offered in (("person", True), ("failure_rate", False)):
        DrainSession.objects.filter(pk=session.pk).update(stop_reason=reason)
        page = client.get(f"/drains/{session.pk}/").content.decode()
        assert (f'action="/drains/{session.pk}/resume/"' in page) is offered
        assert ("Resume takes it" in page) is offered
        assert f'action="/drains/{session.pk}/stop/"' not in page


@pytest.mark.parametrize(
    ("limits", "timeout"),
    [
        (Limits(), "900 s of the executor"),
        (Limits(phase_timeout_seconds=1800), "1,800 s, set for this drain"),
    ],
)
def test_a_drain_s_page_names_every_limit_that_holds_or_is_off(limits, timeout):
    ExecutorFactory(is_default=True)
    session = SessionFactory(limits=limits.to_json())
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert f"<dd>{timeout}</dd>" in page
    words = {
        "batch_size": "Batch size", "parallel": "In parallel", "queued_policy": "queued policy",
        "phase_timeout_seconds": "Phase timeout", "max_total_minutes": "Total time",
        "max_timeouts_per_run": "Timeouts per run", "max_attempts_per_phase": "Attempts per phase",
        "max_fingerprint_repeats": "Fingerprint repeats", "sample": "Sample", "until": "Wall clock",
        "max_session_fingerprint_repeats": "Repeats in the drain",
        "max_consecutive_zero_yield": "Zero yield in a row", "max_failure_rate": "Failure rate",
        "failure_rate_window": "Failure rate is taken over", "sample_passes": "Sample",
        "starts_per_minute": "Starts in a minute", "ramp": "Ramp", "run_delay_seconds": "Delay in a run",
        "max_lifetime_attempts": "Attempts over all drains", "count_source_attempts": "Attempts over all drains",
        "key_level": "Like failures have the same", "wait_for_host": "Waits for a worker host",
    }  # fmt: skip
    for name in (field.name for field in fields(Limits)):
        assert words[name] in page, name


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
