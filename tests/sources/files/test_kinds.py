"""Files of the kinds that people have come in, each with its counts."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from drain.models import Phase, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.files.importing import import_file
from tests.factories import NOON
from tests.sources.files.kinds import (
    AIRFLOW,
    BULLMQ,
    COLOURED,
    JOBS,
    KINDS,
    PYTEST,
    RETRIED,
    SIDEKIQ,
    SUREFIRE,
    Kind,
    document,
    lines,
)

pytestmark = pytest.mark.django_db
BY = Person("ada", Origin.COMMAND)


def load(data: bytes):
    return import_file(io.BytesIO(data), None, NOON, by=BY)


def phase(name: str) -> Phase:
    return Phase.objects.select_related("run").get(phase_id=name)


def test_there_are_thirty_of_them():
    assert len({kind.name for kind in KINDS}) >= 30


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_file_comes_in_with_its_counts(kind: Kind):
    result = import_file(io.BytesIO(kind.data), None, NOON, options=kind.options, by=BY)
    assert (result.format, result.shape, result.left_out) == (
        kind.format,
        kind.shape,
        kind.left_out,
    )
    assert Counter(Phase.objects.values_list("state", flat=True)) == kind.states
    assert result.phases == sum(kind.states.values())
    again = import_file(io.BytesIO(kind.data), None, NOON, options=kind.options, by=BY)
    assert (again.created, again.updated) == (0, 0)
    assert again.unchanged == result.phases
    assert Source.objects.count() == 1


def test_a_test_of_pytest_has_the_name_that_runs_it_again():
    load(PYTEST)
    failed = phase("tests.test_a.TestSum::test_one[a/b]")
    assert failed.params["nodeid"] == "tests/test_a.py::TestSum::test_one[a/b]"
    assert (failed.run.run_id, failed.run.order) == ("pytest tests", "independent")
    assert "E assert 1 == 2" in failed.last_failure_reason
    assert failed.state_changed_at.isoformat() == "2026-01-02T03:04:05.600000+00:00"


def test_flaky_and_retried_tests_are_marked():
    result = load(SUREFIRE)
    assert result.marks == {"flaky": 1, "retried": 2}
    assert phase("com.acme.PayTest::pays").params["flaky"] is True
    refunds = phase("com.acme.PayTest::refunds")
    assert (refunds.source_attempts, "flaky" in refunds.params) == (2, False)
    assert refunds.last_failure_reason == "java.lang.IllegalStateException: boom"
    assert phase("com.acme.PayTest::books").last_failure_reason == "java.io.IOException: disk"


def test_a_test_that_passed_in_its_second_try_is_complete_and_flaky():
    load(RETRIED)
    assert (phase("A::x").state, phase("A::x").params["flaky"]) == ("COMPLETE", True)
    assert "flaky" not in phase("A::y").params


def test_colours_and_other_controls_are_left_out_of_what_a_test_said():
    load(COLOURED)
    assert phase("sum::subtracts").last_failure_reason == "boom\nError: 1 < 2"


@pytest.mark.parametrize("before", range(65_490, 65_540, 7))
def test_a_colour_is_left_out_wherever_a_piece_of_the_file_ends(before: int):
    """The file is read in pieces of 64 KiB."""
    begin = b'<testsuite name="s"><testcase classname="A" name="t"><failure message="x">'
    text = (
        begin
        + b"a" * (before - len(begin))
        + b"&#x1b;[31mred\x1b[0m &#65;&amp;</failure></testcase></testsuite>"
    )
    load(text)
    assert phase("A::t").last_failure_reason.endswith("aared A&")


def test_a_task_instance_keeps_what_clears_it():
    load(document(AIRFLOW))
    found = phase("load[3]")
    assert found.run.run_id == "etl/scheduled__2026-01-02"
    assert (found.params["map_index"], found.source_attempts) == (3, 2)
    assert found.last_failure_reason == "OOM"


def test_a_job_says_which_step_failed():
    load(document({"jobs": JOBS}))
    assert phase("build (3.11)").last_failure_reason == "failure: step Run tests"
    assert phase("build (3.11)").params["job_id"] == 21


def test_jobs_of_queues_keep_what_runs_them_again():
    load(lines(*SIDEKIQ))
    assert phase("b4a5").params == {"class": "PayJob", "args": [7], "queue": "default"}
    assert phase("b4a5").last_failure_reason == "RuntimeError: no such card"
    assert phase("b4a5").state_changed_at.isoformat() == "2026-01-02T03:04:05.123000+00:00"
    load(document(BULLMQ))
    assert phase("7").params["data"] == {"file": "a.png"}
    assert phase("7").last_failure_reason.startswith("Error: ENOENT a.png\n")
