"""Updates that people write: what is refused of them, and what they cost a drain."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from drain.db.prepared import records_of
from drain.engine.queue.clearing import discard, requeue
from drain.engine.source import telling
from drain.engine.source.telling import Untold, tell_sources
from drain.models import Phase, SourceDebt
from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError
from tests.engine.source.telling import BY, again, bring, ended, phase
from tests.sources.sql.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_update_of_many_rows_is_taken_back(jobs: Jobs) -> None:
    every = jobs.named("UPDATE jobs SET status = 'done', note = {reason}")
    bring(jobs, 2, update=every)
    refused = discard([phase(1).pk], PhaseState.SKIPPED, "x", BY)
    assert "would change 2 rows" in refused[0].said
    assert jobs.rows("status", "note") == [("failed", None)] * 2
    assert phase(1).state == "FAILED"


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ("DELETE FROM jobs WHERE job = {phase_id}", "must begin with UPDATE"),
        ("UPDATE jobs SET nothing = {state} WHERE job = {phase_id}", "nothing"),
        ("UPDATE jobs SET note = {reasons} WHERE job = {phase_id}", "reasons"),
        ("UPDATE jobs SET note = 'x'; DELETE FROM jobs", ""),
    ],
)
def test_an_update_that_could_not_run_is_refused_when_it_is_given(
    jobs: Jobs, update: str, said: str
) -> None:
    way = "%(reasons)s" if jobs.path is None else ":reasons"
    with pytest.raises(SourceError) as refused:
        bring(jobs, 1, update=jobs.named(update.replace("{reasons}", way)))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert jobs.rows("note") == [(None,)]
    assert not Phase.objects.exists()


def test_values_are_parameters_whatever_they_say(jobs: Jobs) -> None:
    bring(jobs)
    hostile = "'; DROP TABLE jobs; -- %s %(state)s :state \\ \u202e"
    assert discard([phase().pk], PhaseState.SKIPPED, hostile, BY)[0].done
    assert requeue([phase(2).pk], "once more", BY)[0].done
    assert jobs.rows("status", "note") == [("skipped", hostile), ("waiting", "once more")]


def test_a_source_without_an_update_is_told_nothing(jobs: Jobs) -> None:
    bring(jobs, 1)
    ended(1, PhaseState.COMPLETE)
    again(jobs, update="")
    tell_sources()
    assert not SourceDebt.objects.exists()
    ended(1, PhaseState.COMPLETE)
    assert not SourceDebt.objects.exists()
    assert jobs.rows("status") == [("failed",)]


@pytest.mark.verify
def test_what_a_drain_leaves_to_be_told_is_found_by_its_key_among_many(lite: Jobs) -> None:
    """A round of a drain reads no phases but its own."""
    bring(lite, 1)
    run = phase().run_id
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO drain_phase (run_id, phase_id, tier_index, phase_index, name, state, category, complexity, params,
                attempts, source_attempts, last_failure_reason, last_fingerprint, failure_category)
            SELECT %s, 'other-' || n, 0, n, '', 'FAILED', '', '', '{}', 0, 0, '', '', '' FROM generate_series(1, 20000) n""",
            [run],
        )
        cursor.execute("ANALYZE drain_phase, drain_run, drain_source")
        news: dict[str, Any] = {
            "records": records_of([Untold(phase().pk, "FAILED", "x")]),
            "phases": [phase().pk],
        }
        cursor.execute(f"EXPLAIN {telling._LATER}", news)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond: (id = ANY" in plan
    assert "Seq Scan on drain_phase" not in plan
