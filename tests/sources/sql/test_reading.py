"""A query brings phases in, from a real SQLite file and a real PostgreSQL database of its own."""

from __future__ import annotations

import pytest

from drain.management.importing import import_sentences
from drain.models import Phase, Run, Source
from drain.models.people import AuditEvent
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError
from drain.sources.files.result import Options
from drain.sources.sql.database import read
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.sources.sql.jobs import BY, QUERY, bring

pytestmark = pytest.mark.django_db


def states() -> dict[str, str]:
    return dict(Phase.objects.order_by("phase_id").values_list("phase_id", "state"))


def test_its_columns_become_phases_and_nothing_changes_the_second_time(jobs):
    jobs.add(1)
    jobs.add(2, "done", None)
    first = bring(jobs)
    assert (first.runs, first.created, first.format) == (1, 2, "the answer of a query")
    assert states() == {"job-1": "FAILED", "job-2": "COMPLETE"}
    assert Phase.objects.get(phase_id="job-1").last_failure_reason == "KeyError: 7"
    again = import_sql(sql_source("jobs", Given()), BY)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    jobs.set(1, status="done")
    assert import_sql(sql_source("jobs", Given()), BY).synced == 1
    assert states()["job-1"] == "COMPLETE"
    assert Source.objects.get().kind == "sql"


def test_other_names_and_states_are_mapped_as_in_files(jobs):
    jobs.add(1, "broken")
    jobs.add(2, "gone")
    options = Options(
        maps=("run_id={batch}/{id}", "phase_id=job", "state=status", "state:broken=FAILED", "reason=error"),
        sets=("order=independent",),
    )  # fmt: skip
    found = bring(jobs, "SELECT * FROM jobs", options=options)
    assert (found.created, found.left_out) == (1, 1)
    run = Run.objects.get()
    assert (run.run_id, run.order) == ("night/1", "independent")
    assert import_sql(sql_source("jobs", Given()), BY).unchanged == 1, "the mapping was kept"


def test_times_numbers_and_documents_come_through(postgres, lite):
    postgres.add(1)
    lite.add(1)
    bring(postgres, """SELECT 1::bigint AS run_id, 7.00::numeric AS phase_id, 'failed'::text AS state, 3 AS attempts,
        '2026-01-31 12:00+01'::timestamptz AS state_changed_at, '{"id": 4}'::jsonb AS params,
        '\\x6b6579'::bytea AS reason""")  # fmt: skip
    found = Phase.objects.select_related("run").get()
    assert (found.run.run_id, found.phase_id, found.params) == ("1", "7", {"id": 4})
    assert (found.source_attempts, found.last_failure_reason) == (3, "key")
    assert found.state_changed_at.isoformat() == "2026-01-31T11:00:00+00:00"
    kept = Given(
        lite.url,
        "SELECT 2 AS run_id, 'x' AS phase_id, 'failed' AS state, json_object('id', id) AS params FROM jobs",
    )
    import_sql(sql_source("lite", kept), BY)
    assert Phase.objects.get(phase_id="x").params == {"id": 1}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM jobs", ""),
        ("WITH gone AS (DELETE FROM jobs RETURNING *) SELECT * FROM gone", ""),
        ("SELECT 1; DELETE FROM jobs", ""),
        ("SELECT 1; COMMIT; DELETE FROM jobs", ""),
        ("UPDATE jobs SET status = 'done' RETURNING *", ""),
        ("SELECT id, id FROM jobs", "two columns id"),
        ("SELECT status FROM jobs", "state is missing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT batch AS run_id, job AS phase_id, 'odd' AS state FROM jobs", "--map state:odd=FAILED"),
    ],
)  # fmt: skip
def test_what_is_no_query_for_phases_is_refused_in_one_sentence_and_changes_nothing(
    jobs, query, said
):
    jobs.add(1)
    with pytest.raises(SourceError) as refused:
        bring(jobs, query)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert jobs.rows("status") == [("failed",)]
    assert not Source.objects.exists()


def test_a_function_that_writes_is_refused(postgres):
    postgres.add(1)
    postgres.run(
        "CREATE FUNCTION spoil() RETURNS text LANGUAGE sql AS $$ UPDATE jobs SET status = 'x' RETURNING 'a' $$"
    )
    with pytest.raises(SourceError, match="may only read"):
        bring(postgres, "SELECT spoil() AS run_id, 'p' AS phase_id, 'failed' AS state")
    assert postgres.rows("status") == [("failed",)]


def test_a_query_of_sqlite_opens_no_other_file(lite, tmp_path):
    for query in (f"ATTACH '{tmp_path}/other.db' AS other", "PRAGMA query_only = off"):
        with pytest.raises(SourceError, match="may only read"):
            bring(lite, query)
    assert not (tmp_path / "other.db").exists()


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS run_id FROM n"


def test_a_query_that_does_not_end_is_ended(jobs):
    with pytest.raises(SourceError, match=r"longer than 1 s; --timeout"):
        bring(jobs, ENDLESS, seconds=1)


def test_a_source_that_vanishes_in_the_middle_leaves_nothing_half_done(postgres):
    for number in range(3):
        postgres.add(number)
    bring(postgres)
    before = dict(Phase.objects.values_list("phase_id", "state_changed_at"))
    postgres.run("UPDATE jobs SET status = 'done'")
    cut = "SELECT batch AS run_id, job AS phase_id, status AS state, CASE WHEN id = 2 THEN {} END AS reason FROM jobs ORDER BY id"
    with pytest.raises(SourceError, match="cannot be used"):
        bring(postgres, cut.format("pg_terminate_backend(pg_backend_pid())::text"))
    assert dict(Phase.objects.values_list("phase_id", "state_changed_at")) == before
    assert Source.objects.get().reading["query"] == QUERY, "what was kept stays as well"


def test_an_answer_without_rows_is_none_of_an_error_and_is_kept(jobs):
    assert bring(jobs).phases == 0
    assert sql_source("jobs", Given()).query == QUERY


def test_rows_that_are_not_in_the_answer_any_more_are_counted_and_left_alone(jobs):
    """A query of failed rows alone never says that one was mended."""
    failed = QUERY.replace("ORDER", "WHERE status = 'failed' ORDER")
    jobs.add(1)
    jobs.add(2)
    assert bring(jobs, failed).unseen == 0
    jobs.set(1, status="done")
    assert bring(jobs, failed).unseen == 1
    jobs.set(2, status="done")
    found = bring(jobs, failed)
    assert (found.phases, found.unseen) == (0, 2)
    assert "let the query give rows that were mended lately too" in "".join(import_sentences(found))
    assert bring(jobs).unseen == 0
    assert set(states().values()) == {"COMPLETE"}


def test_a_password_is_not_kept_and_an_unknown_source_is_asked_for(monkeypatch):
    with pytest.raises(SourceError, match="--url env:NAME"):
        sql_source("jobs", Given("postgresql://ada:hunter2@db/jobs", QUERY))
    with pytest.raises(SourceError, match="--query-file FILE"):
        sql_source("jobs", Given())
    monkeypatch.setenv("JOBS_DB", "postgresql://ada:hunter2@127.0.0.1:1/jobs")
    asked = sql_source("jobs", Given("env:JOBS_DB", QUERY))
    assert "hunter2" not in repr(asked)
    with pytest.raises(SourceError) as refused:
        list(read(asked.url, asked.query, 5))
    assert "hunter2" not in str(refused.value)
    Source.objects.create(name="night", kind="files")
    with pytest.raises(SourceError, match="another source"):
        sql_source("night", Given("sqlite:////x", QUERY))


def test_who_set_a_source_stands_in_the_audit(lite):
    lite.add(1)
    bring(lite)
    import_sql(sql_source("jobs", Given()), BY)
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["source.set", "import", "import"]
    assert AuditEvent.objects.get(verb="source.set").new["query"] == QUERY


def test_without_an_update_what_was_done_here_is_not_undone_by_the_next_reading(jobs):
    jobs.add(1)
    jobs.add(2)
    bring(jobs)
    done = Phase.objects.filter(phase_id="job-1")
    move_phases(
        [done.get().pk],
        expect=[PhaseState.FAILED],
        to=PhaseState.COMPLETE,
        why=MoveReason("finish", "w", ""),
    )
    assert import_sql(sql_source("jobs", Given()), BY).synced == 0
    assert states() == {"job-1": "COMPLETE", "job-2": "FAILED"}
    # Its own time says that it failed after that.
    later = QUERY.replace("error AS reason", "'2099-01-01T00:00:00Z' AS state_changed_at")
    assert bring(jobs, later).synced == 1


def test_what_an_attempt_of_ours_said_stays_until_the_table_moves_the_phase_or_counts_another_try(
    lite,
):
    counted = QUERY.replace("error AS reason", "error AS reason, tries AS attempts")
    lite.add(1)
    bring(lite, counted)
    lite.set(1, error="KeyError: 8")
    bring(lite, counted)
    assert reason() == "KeyError: 8", "nobody has tried it but the pipeline"
    Phase.objects.update(attempts=1, last_failure_reason="ours")
    bring(lite, counted)
    assert reason() == "ours"
    lite.set(1, error="KeyError: 9", tries=1)
    bring(lite, counted)
    assert reason() == "KeyError: 9"
    Phase.objects.update(last_failure_reason="ours")
    lite.set(1, status="waiting")
    bring(lite, counted)
    lite.set(1, status="failed", error="KeyError: 10")
    bring(lite, counted)
    assert reason() == "KeyError: 10"


def reason() -> str:
    return Phase.objects.get().last_failure_reason


def test_text_of_a_table_that_is_none_is_one_sentence_or_what_can_be_stored_and_half_of_nothing(
    lite,
):
    lite.add(1)
    lite.add(2)
    lite.run("UPDATE jobs SET error = CAST(x'ff00eda080' AS TEXT) WHERE id = 2")
    try:
        found = bring(lite)
    except SourceError as error:
        refused = str(error)
    else:
        refused = ""
        assert found.created == 2
        Phase.objects.get(phase_id="job-2").last_failure_reason.encode()
    assert "\n" not in refused
    assert Phase.objects.count() == (0 if refused else 2)
