"""Results that come after their attempt was booked as lost: kept whole where nothing has happened since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from drain.db.sql import rows
from drain.engine.attempts.started import AttemptResult, EndedAttempt, StartedAttempt
from drain.evidence.rollups.fold import fold
from drain.evidence.rollups.verify import check
from drain.models import Attempt, Candidate, DrainSession, Phase, SessionRun, Transition
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import PhaseState
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.meetings import held_up
from tests.engine.attempts.test_rounds import opened
from tests.factories import CandidateFactory, SessionFactory

pytestmark = pytest.mark.django_db

# As the fault schedules recount them.
_COUNTERS = """
SELECT sr.id FROM drain_sessionrun sr
LEFT JOIN drain_attempt a ON a.session_id = sr.session_id AND a.run_id = sr.run_id AND a.finished_at IS NOT NULL
GROUP BY sr.id HAVING sr.complete <> count(*) FILTER (WHERE a.outcome = 'complete')
    OR sr.failed <> count(*) FILTER (WHERE a.outcome IN ('failed', 'timeout'))
    OR sr.lost <> count(*) FILTER (WHERE a.outcome = 'lost')
    OR sr.telemetry_events <> coalesce(sum(a.telemetry_count), 0)
    OR sr.waiting <> (SELECT count(*) FROM drain_candidate c
                      WHERE c.session_run_id = sr.id AND c.status = 'waiting')
"""
_CHAIN = """
SELECT id FROM (
    SELECT id, from_state, lag(to_state) OVER (PARTITION BY subject_pk ORDER BY id) AS before
    FROM drain_transition WHERE subject = 'phase'
) t WHERE before <> from_state
"""


def late(
    started: StartedAttempt, outcome: Outcome, code: int | None, telemetry: int = 0
) -> EndedAttempt:
    return EndedAttempt(started, replace(result(outcome, telemetry, "x"), exit_code=code))


def books_agree() -> None:
    assert rows(_COUNTERS) == []
    assert rows(_CHAIN) == []
    assert check().equal
    with transaction.atomic():
        fold()
    assert check().equal


def all_lost(count: int, **limits: int):
    rounds, session = opened(count, **limits)
    begun = list(rounds.begun)
    assert rounds.write([late(each, Outcome.LOST, None) for each in begun], 0, ()) == 0
    return rounds, session, begun


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("tries", [1, 3])
def test_a_result_that_comes_late_replaces_the_loss_and_every_count_follows(
    tries: int, folded: bool
) -> None:
    rounds, session, begun = all_lost(3, max_attempts_per_phase=tries)
    if folded:
        fold()
    number = Attempt.objects.get(pk=begun[0].attempt).finish_number
    ends = [
        late(begun[0], Outcome.COMPLETE, 0, telemetry=2),
        late(begun[1], Outcome.FAILED, 3),
    ]
    assert rounds.write(ends, 0, ()) == 0
    complete, failed, lost = Attempt.objects.order_by("id")
    assert (complete.outcome, complete.exit_code, complete.finish_number) == ("complete", 0, number)
    assert (failed.outcome, failed.exit_code) == ("failed", 3)
    assert (lost.outcome, lost.exit_code) == ("lost", None)
    phases = list(Phase.objects.order_by("id"))
    assert [phase.state for phase in phases] == ["COMPLETE", "FAILED", "FAILED"]
    assert phases[1].last_fingerprint == failed.fingerprint != ""
    assert "ValueError: x" in phases[1].last_failure_reason
    said = Transition.objects.filter(subject_pk=phases[0].pk).latest("id")
    assert said.reason.startswith("reported late, was lost: ")
    # What is done is not offered again; what is lost still is, if it has a turn left.
    waits = Candidate.objects.filter(status="waiting").count()
    assert waits == (0 if tries == 1 else 1)
    books_agree()
    assert DrainSession.objects.get(pk=session.pk).open_attempts == 0


def test_a_result_is_written_once_however_often_it_comes() -> None:
    rounds, _, begun = all_lost(1)
    end = late(begun[0], Outcome.COMPLETE, 0, telemetry=1)
    assert rounds.write([end], 0, ()) == 0
    assert rounds.write([late(begun[0], Outcome.FAILED, 1)], 0, ()) == 1
    assert Attempt.objects.get().outcome == "complete"
    assert SessionRun.objects.get().complete == 1
    books_agree()


@pytest.mark.parametrize(
    "since", ["moved", "moved and failed again", "moved by hand", "runs again", "ran again"]
)
def test_a_late_result_changes_nothing_once_something_has_happened_to_its_phase(since: str) -> None:
    rounds, session, begun = all_lost(1, max_attempts_per_phase=3)
    phase = begun[0].phase
    if since == "moved by hand":
        Phase.objects.update(state="COMPLETE")
    elif since.startswith("moved"):
        move_phases(
            [phase], expect=["FAILED"], to=PhaseState.QUEUED, why=MoveReason("requeue", "ada")
        )
        if since != "moved":
            move_phases(
                [phase], expect=["QUEUED"], to=PhaseState.FAILED, why=MoveReason("sync", "ada")
            )
    else:
        Candidate.objects.update(not_before="2020-01-01T00:00Z")
        SessionRun.objects.update(not_before="2020-01-01T00:00Z")
        rounds.write([], 1, [session.pk])
        (again,) = rounds.begun
        if since == "ran again":
            rounds.write([late(again, Outcome.FAILED, 1)], 0, ())
    before = list(Phase.objects.values()), SessionRun.objects.values().get()
    changes = Transition.objects.count()
    assert rounds.write([late(begun[0], Outcome.COMPLETE, 0, telemetry=4)], 0, ()) == 1
    assert (list(Phase.objects.values()), SessionRun.objects.values().get()) == before
    assert Transition.objects.count() == changes
    attempt = Attempt.objects.get(pk=begun[0].attempt)
    assert (attempt.outcome, attempt.exit_code, attempt.telemetry_count) == ("lost", 0, 0)
    assert attempt.error.endswith("reported late: exit 0")
    assert rounds.write([late(begun[0], Outcome.FAILED, 7)], 0, ()) == 1
    attempt.refresh_from_db()
    assert (attempt.exit_code, attempt.error.count("reported late")) == (0, 1)
    if since != "moved by hand":
        books_agree()


def test_a_late_result_changes_nothing_after_an_attempt_that_moved_no_state() -> None:
    rounds, _, begun = all_lost(1)
    lost = Attempt.objects.get()
    assert lost.finished_at is not None
    # Somebody else ran it meanwhile: an import adds what its source tells, an attempt without a transition.
    Attempt.objects.create(
        phase_id=lost.phase_id, run_id=lost.run_id, number=lost.number + 1, outcome="failed", worker="import",
        started_at=lost.finished_at, finished_at=lost.finished_at + timedelta(seconds=5),
    )  # fmt: skip
    before = list(Phase.objects.values()), SessionRun.objects.values().get()
    changes = Transition.objects.count()
    assert rounds.write([late(begun[0], Outcome.COMPLETE, 0, telemetry=4)], 0, ()) == 1
    assert (list(Phase.objects.values()), SessionRun.objects.values().get()) == before
    assert Transition.objects.count() == changes
    lost.refresh_from_db()
    assert (lost.outcome, lost.exit_code) == ("lost", 0)
    assert lost.error.endswith("reported late: exit 0")


def test_who_has_not_its_lease_or_knows_no_code_replaces_no_loss() -> None:
    rounds, _, begun = all_lost(1)
    strange = replace(begun[0], lease=uuid4())
    assert rounds.write([late(strange, Outcome.COMPLETE, 0)], 0, ()) == 1
    assert rounds.write([late(begun[0], Outcome.CANCELLED, None)], 0, ()) == 1
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.exit_code) == ("lost", None)
    assert Phase.objects.get().state == "FAILED"
    books_agree()


def test_a_failure_that_came_late_is_not_replaced_by_another_word() -> None:
    rounds, _, begun = all_lost(1)
    assert rounds.write([late(begun[0], Outcome.FAILED, 3)], 0, ()) == 0
    assert rounds.write([late(begun[0], Outcome.COMPLETE, 0)], 0, ()) == 1
    assert (Attempt.objects.get().outcome, Phase.objects.get().state) == ("failed", "FAILED")
    books_agree()


@pytest.mark.parametrize(
    "first",
    [
        result(Outcome.CANCELLED, 0, ""),
        replace(result(Outcome.LOST, 0, ""), exit_code=3),
        replace(result(Outcome.LOST, 0, ""), signal=9),
    ],
)
def test_an_end_that_is_known_is_not_replaced_nor_noted_on(first: AttemptResult) -> None:
    rounds, _ = opened(1)
    (begun,) = rounds.begun
    assert rounds.write([EndedAttempt(begun, first)], 0, ()) == 0
    before = Attempt.objects.values().get(), Phase.objects.values().get()
    assert rounds.write([late(begun, Outcome.COMPLETE, 0)], 0, ()) == 1
    assert (Attempt.objects.values().get(), Phase.objects.values().get()) == before
    books_agree()


def test_a_loss_is_not_replaced_by_a_loss_and_says_how_it_ended() -> None:
    rounds, _, begun = all_lost(1)
    killed = EndedAttempt(begun[0], replace(result(Outcome.LOST, 0, ""), signal=9))
    assert rounds.write([killed], 0, ()) == 1
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.signal, SessionRun.objects.get().lost) == ("lost", 9, 1)
    books_agree()


def test_what_happened_to_a_session_of_the_same_number_happened_to_no_phase() -> None:
    rounds, session, begun = all_lost(1)
    Transition.objects.create(
        subject="session", subject_pk=begun[0].phase, session_pk=session.pk,
        from_state="running", to_state="stopping", verb="stop", actor="ada", reason="",
    )  # fmt: skip
    assert rounds.write([late(begun[0], Outcome.COMPLETE, 0)], 0, ()) == 0
    assert Phase.objects.get().state == "COMPLETE"


def test_a_late_result_changes_nothing_of_the_same_phase_in_another_drain() -> None:
    rounds, _, begun = all_lost(1)
    other = CandidateFactory(phase_id=begun[0].phase, session=SessionFactory(), status="waiting")
    assert rounds.write([late(begun[0], Outcome.COMPLETE, 0)], 0, ()) == 0
    other.refresh_from_db()
    assert (other.status, other.outcome) == ("waiting", "")


@pytest.mark.django_db(transaction=True)
def test_a_late_result_that_meets_somebody_moving_its_phase_leaves_it_to_him() -> None:
    rounds, _, begun = all_lost(1)

    def move() -> None:
        why = MoveReason("requeue", "ada")
        move_phases([begun[0].phase], expect=["FAILED"], to=PhaseState.QUEUED, why=why)

    with held_up(lambda: rounds.write([late(begun[0], Outcome.COMPLETE, 0)], 0, ())) as answer:
        move()
    assert answer() == 1
    assert Phase.objects.get().state == "QUEUED"
    assert Attempt.objects.get().outcome == "lost"
