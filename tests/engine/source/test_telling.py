"""An SQL source is told what became of its rows, by drains and people: guarded, once, whoever dies."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.maintenance import tend
from drain.engine.queue.clearing import discard
from drain.engine.source import telling
from drain.engine.source.outbox import AGAIN, TELL, promise, settle_debts
from drain.engine.source.telling import tell_sources
from drain.models import Phase, Source, SourceDebt
from drain.models.people import AuditEvent
from drain.models.transitions.phases import MoveReason
from drain.models.vocabulary import PhaseState
from drain.sources.sql.database import read
from drain.sources.sql.telling import News, tell, tell_source
from tests.engine.conftest import Backlog
from tests.engine.source.telling import BY, again, bring, ended, phase
from tests.sources.sql.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
WAITS = (
    "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE NOT l.granted AND a.datname = current_database()"
)
HALF = "test $1 = 0 || { echo 'ValueError: still broken'; exit 1; }"


def test_a_drain_reaches_the_rows_from_which_it_came(
    jobs: Jobs, backlog: Backlog, settings
) -> None:
    settings.DRAIN_SITE_URL = "https://drains.example"
    bring(jobs)
    backlog.executor(HALF)
    backlog.drain(max_attempts_per_phase=1)
    first, second = phase(1), phase(2)
    assert jobs.rows("status", "note", "link", "error") == [
        ("done", "", f"https://drains.example/phases/{first.pk}/", "KeyError: 7"),
        ("failed", "ValueError: still broken", f"https://drains.example/phases/{second.pk}/", "KeyError: 7"),
    ]  # fmt: skip
    assert not SourceDebt.objects.exists()
    assert again(jobs).synced == 0
    assert phase(2).last_failure_reason == "ValueError: still broken", (
        "the pipeline's own words are older than what the attempt said"
    )


def test_what_its_pipeline_changed_meanwhile_stays_and_is_said(
    jobs: Jobs, backlog: Backlog
) -> None:
    bring(jobs, 1)
    backlog.executor("exit 0")
    session = backlog.session()
    jobs.set(1, status="paused", note="by hand")
    backlog.drain(session)
    assert jobs.rows("status", "note") == [("paused", "by hand")]
    assert "has changed its row since" in AuditEvent.objects.get(verb="source.moved").reason
    assert not SourceDebt.objects.exists()


def test_a_person_is_refused_what_the_row_does_not_allow_any_more(jobs: Jobs) -> None:
    bring(jobs)
    jobs.set(1, status="waiting")
    done = discard([phase(1).pk, phase(2).pk], PhaseState.SKIPPED, "not needed", BY)
    assert [each.done for each in done] == [False, True]
    assert "has moved it since the last import" in done[0].said
    assert jobs.rows("status", "note") == [("waiting", None), ("skipped", "not needed")]
    assert (phase(1).state, phase(2).state) == ("FAILED", "SKIPPED")


def test_a_row_that_is_locked_is_waited_for_and_then_seen_as_it_is(postgres: Jobs) -> None:
    """The race itself: somebody has written and not yet committed when our update begins."""
    bring(postgres, 1)
    told: list[bool] = []
    with psycopg.connect(postgres.address) as other:
        other.execute("UPDATE jobs SET status = 'paused' WHERE id = 1")

        def write() -> None:
            news = News(phase(), "COMPLETE", "", "FAILED")
            told.append(tell_source(Source.objects.get(), news))
            connection.close()

        thread = Thread(target=write)
        thread.start()
        # Another connection: within a transaction what others do is read once.
        while not postgres.run(WAITS)[0][0]:
            assert thread.is_alive()
        other.commit()
        thread.join(30)
    assert told == [False]
    assert postgres.rows("status") == [("paused",)]


def test_who_dies_after_the_row_was_written_writes_nothing_twice(jobs: Jobs) -> None:
    bring(jobs, 1)
    ended(1, PhaseState.COMPLETE)
    debt = SourceDebt.objects.get()
    assert tell_source(Source.objects.get(), News(phase(), "COMPLETE", "", "FAILED"))
    assert tell_sources() == 1, "it is found as told"
    assert not SourceDebt.objects.filter(pk=debt.pk).exists()
    assert not AuditEvent.objects.filter(verb="source.moved").exists()
    # A person's act that was cut off between the two databases is finished here.
    jobs.set(1, status="failed")
    Phase.objects.update(state="FAILED")
    move = MoveReason("discard", "ada", "no use")
    promise([phase().pk], move, PhaseState.FAILED, PhaseState.SKIPPED, BY)
    assert tell_source(Source.objects.get(), News(phase(), "SKIPPED", "no use", "FAILED"))
    assert settle_debts([phase().pk]) == 1
    assert (phase().state, jobs.rows("status")) == ("SKIPPED", [("skipped",)])


def test_a_where_that_minds_only_failures_is_never_used_against_its_pipeline(jobs: Jobs) -> None:
    """The question whether a row was told before writes nothing, however much its WHERE lets through."""
    loose = jobs.update.partition(" AND status =")[0]
    first = "FAILED' THEN status = 'failed' ELSE status <> 'failed' END"
    bring(jobs, 1, update=loose + jobs.named(f" AND CASE WHEN {{expect}} = '{first}"))
    ended(1, PhaseState.COMPLETE)
    jobs.set(1, status="paused", note="by hand")
    tell_sources()
    assert jobs.rows("status", "note") == [("paused", "by hand")]


def test_a_promise_whose_row_was_changed_moves_nothing_here(jobs: Jobs) -> None:
    bring(jobs, 1)
    promise(
        [phase().pk], MoveReason("discard", "ada", "x"), PhaseState.FAILED, PhaseState.SKIPPED, BY
    )
    jobs.set(1, status="waiting")
    assert settle_debts([phase().pk]) == 1
    assert (phase().state, jobs.rows("status")) == ("FAILED", [("waiting",)])


def test_what_is_not_told_yet_is_neither_undone_by_an_import_nor_lost(
    lite: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long ago it ended.
    monkeypatch.setattr("drain.sources.sql.importing.MOMENT", timedelta(days=-1))
    bring(lite)
    away = lite.path.with_suffix(".away")  # type: ignore[union-attr]
    lite.path.rename(away)  # type: ignore[union-attr]
    ended(1, PhaseState.COMPLETE)
    assert tell_sources() == 0
    debt = SourceDebt.objects.get()
    assert "There is no file" in debt.error
    refused = discard([phase(1).pk], PhaseState.SKIPPED, "x", BY)
    assert "it is COMPLETE" in refused[0].said
    away.rename(lite.path)  # type: ignore[arg-type]
    assert again(lite).synced == 0
    assert phase(1).state == "COMPLETE"
    assert tell_sources() == 0, "it waits for its next try"
    SourceDebt.objects.update(due_at=timezone.now() - AGAIN)
    assert tell_sources() == 1
    assert lite.rows("status") == [("done",), ("failed",)]


def test_what_ended_while_the_query_ran_stays(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says failed; before it is merged an attempt ends, and its source is told."""
    bring(jobs, 1)

    def slow(*asked: object):
        yield from list(read(*asked))  # type: ignore[arg-type]
        ended(1, PhaseState.COMPLETE)
        tell_sources()

    monkeypatch.setattr("drain.sources.sql.importing.read", slow)
    assert again(jobs).synced == 0
    assert (phase().state, jobs.rows("status")) == ("COMPLETE", [("done",)])


def test_two_ends_before_the_source_answers_are_told_as_the_last_one(jobs: Jobs) -> None:
    bring(jobs, 1)
    ended(1, PhaseState.FAILED, "ValueError: 1")
    ended(1, PhaseState.COMPLETE)
    assert tell_sources() == 1
    assert jobs.rows("status", "note") == [("done", "")]


def test_what_ends_while_the_source_is_told_is_told_after_it(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(jobs, 1)
    ended(1, PhaseState.FAILED, "ValueError: 1")

    def slow(*asked):
        done = tell(*asked)
        ended(1, PhaseState.COMPLETE)
        return done

    with monkeypatch.context() as patch:
        patch.setattr("drain.engine.source.telling.tell", slow)
        tell_sources()
    assert SourceDebt.objects.get().verb == TELL
    assert tell_sources() == 1
    assert jobs.rows("status") == [("done",)]


def test_a_row_that_refuses_keeps_no_other_one(jobs: Jobs) -> None:
    # Notes are short here: the first is refused by the table itself.
    bring(jobs, 2)
    jobs.run("CREATE UNIQUE INDEX one_note ON jobs (note)")
    jobs.add(3)
    jobs.set(3, note="taken")
    ended(1, PhaseState.SKIPPED, "taken")
    ended(2, PhaseState.SKIPPED, "mine")
    assert tell_sources() == 1
    assert jobs.rows("status", "note")[:2] == [("failed", None), ("skipped", "mine")]
    left = SourceDebt.objects.get()
    assert left.phase == phase(1)
    assert "refused" in left.error
    assert left.due_at > timezone.now()


def test_a_slow_source_holds_maintenance_up_for_a_moment_and_the_rest_is_due_at_once(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(jobs, 3)
    for number in (1, 2, 3):
        ended(number, PhaseState.COMPLETE)
    monkeypatch.setattr(telling, "A_WHILE", -1.0)
    assert tell_sources() == 0
    assert SourceDebt.objects.filter(due_at__lte=timezone.now(), error="").count() == 3


def test_maintenance_tells_sources(lite: Jobs) -> None:
    bring(lite, 1)
    ended(1, PhaseState.COMPLETE)
    tend()
    assert lite.rows("status") == [("done",)]
