"""Importing phases from files."""

from __future__ import annotations

import io
import json

import pytest

from drain.models import (
    Dependency,
    ExecutorProfile,
    Fingerprint,
    Phase,
    Run,
    Source,
    Transition,
)
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.errors import SourceError
from drain.sources.files.importing import import_file
from drain.sources.files.result import Options
from tests.factories import NOON

pytestmark = pytest.mark.django_db
BY = Person("ada", Origin.COMMAND)
A = {"run_id": "r", "phase_id": "a", "state": "failed", "reason": "KeyError: 1"}
B = {"run_id": "r", "phase_id": "b", "state": "FAILED", "depends_on": ["a"]}


def load(*lines: object, kind: str = "jsonl"):
    data = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    return import_file(io.BytesIO(data), kind, NOON, by=BY)


def test_a_file_comes_in_once():
    first = load(A, B)
    assert (first.runs, first.created, first.dependencies) == (1, 2, 1)
    second = load(A, B)
    assert (second.created, second.unchanged, second.dependencies) == (0, 2, 0)


def test_phases_keep_what_the_lines_say():
    ExecutorProfile.objects.create(name="build", argv=["true"])
    load(
        {
            **A,
            "order": "independent",
            "max_parallel": 4,
            "executor": "build",
            "params": {"n": 1},
            "category": "ci",
            "state_changed_at": "2026-01-02T03:04:05+02:00",
        }
    )
    phase = Phase.objects.get()
    assert (phase.state, phase.params, phase.category, phase.last_failure_reason) == (
        "FAILED",
        {"n": 1},
        "ci",
        "KeyError: 1",
    )
    assert phase.state_changed_at.isoformat() == "2026-01-02T01:04:05+00:00"
    run = Run.objects.get()
    assert (run.order, run.max_parallel, str(run.executor)) == ("independent", 4, "build")


def test_phases_without_an_index_keep_the_order_of_their_lines():
    load({**A, "phase_id": "z"}, {**A, "phase_id": "y"}, {**A, "run_id": "other"})
    assert list(
        Phase.objects.filter(run__run_id="r")
        .order_by("phase_index")
        .values_list("phase_id", flat=True)
    ) == ["z", "y"]


def test_a_later_file_says_only_what_changed():
    load({**A, "name": "A", "params": {"n": 1}})
    result = load({"run_id": "r", "phase_id": "a", "state": "complete"})
    phase = Phase.objects.get()
    assert (result.synced, phase.state, phase.name, phase.params) == (1, "COMPLETE", "A", {"n": 1})
    assert phase.last_failure_reason == "", "what is complete has no failure"


def test_csv_says_the_same():
    result = load(
        b"run_id,phase_id,phase_index,state,depends_on,params",
        b'r,a,3,FAILED,,"{""k"": 2}"',
        b"r,b,4,QUEUED,a;x/c,",
        b"x,c,,skipped,,",
        kind="csv",
    )
    assert (result.phases, result.dependencies) == (3, 2)
    assert Phase.objects.get(phase_id="a").params == {"k": 2}
    assert set(Dependency.objects.values_list("prerequisite__phase_id", flat=True)) == {"a", "c"}


def test_fields_that_nobody_reads_are_named():
    assert load({**A, "dependson": ["b"]}).ignored_fields == ("dependson",)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "holds no phase"),
        ([A, b"{nope"], "Line 2 is no JSON"),
        ([A, b"[1]"], "Line 2 is no JSON object"),
        ([A, b"\xff\xfe"], "Line 2 is not UTF-8"),
        ([A, b"[" * 200_000], "Line 2"),
        (
            [{**A, "state": "EXPLODED"}],
            "1 are 'EXPLODED'. Say what it means: --map state:EXPLODED=FAILED",
        ),
        ([{"run_id": "r", "phase_id": "a"}], "Line 1: state is missing"),
        ([{**A, "phase_id": "a\0"}], "Line 1: 'a\\x00' cannot be a phase_id"),
        ([{**A, "run_id": "x" * 301}], "cannot be a run_id"),
        ([{**A, "run_id": ["r"]}], "run_id must be text, not list"),
        ([{**A, "phase_index": "two"}], "phase_index must be a whole number"),
        ([{**A, "phase_index": 2**40}], "phase_index must be a whole number"),
        ([{**A, "max_parallel": 0}], "max_parallel must be at least 1"),
        ([{**A, "order": "random"}], "order must be one of"),
        ([{**A, "params": [1]}], "params must be a JSON object"),
        ([{**A, "state_changed_at": "yesterday"}], "state_changed_at is no time"),
        ([{**A, "executor": {"argv": ["rm"]}}], "an import never defines one"),
        ([{**A, "executor": "nobody"}], "There is no executor profile 'nobody'"),
        ([A, A], "Phase a of run r is given twice"),
        ([{**A, "order": "sequential"}, {**B, "order": "independent"}], "Lines of run r disagree"),
        ([B], "depends on r/a, which does not exist"),
        ([{**A, "depends_on": ["a"]}], "in a circle: r/a → r/a"),
        ([{**A, "depends_on": ["b"]}, B], "in a circle: r/"),
        ([{**A, "depends_on": [1]}], "depends_on must be a list of phase ids"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(lines, sentence):
    with pytest.raises(SourceError) as refused:
        load(*lines)
    assert sentence in str(refused.value)
    assert not Phase.objects.exists()


def test_a_circle_across_two_files_is_refused():
    load(A, B)
    with pytest.raises(SourceError, match="circle: r/"):
        load({**A, "depends_on": ["b"]})
    assert Dependency.objects.count() == 1


def test_one_endless_line_is_refused_without_reading_it_all():
    with pytest.raises(SourceError, match="Line 1 is longer than 4 MiB"):
        load(b"x" * (5 * 1024 * 1024))


def take(*lines: object, **options: bool):
    data = b"\n".join(json.dumps(line).encode() for line in lines)
    return import_file(io.BytesIO(data), None, NOON, options=Options(**options), by=BY)  # type: ignore[arg-type]


def test_a_dry_run_says_what_would_happen_and_writes_nothing():
    found = take(A, B, {**A, "phase_id": "c", "state": "Gone"}, dry_run=True)
    assert (found.created, found.dependencies, found.left_out) == (2, 1, 1)
    assert found.examples[0] == {
        "run_id": "r",
        "phase_id": "a",
        "state": "FAILED",
        "reason": "KeyError: 1",
    }
    assert set(found.states) == {("failed", "FAILED", 1), ("FAILED", "FAILED", 1), ("Gone", "", 1)}
    assert not Phase.objects.exists()
    assert not Run.objects.exists()
    assert not Source.objects.exists()
    assert not Fingerprint.objects.exists()
    assert not Transition.objects.exists()
    assert take(A, B).created == 2


def test_any_id_can_be_depended_on():
    odd = {"run_id": "a/b", "phase_id": " c, d/e;f ", "state": "FAILED"}
    need = {"run_id": odd["run_id"], "phase_id": odd["phase_id"]}
    within = {"run_id": "a/b", "phase_id": "g/h", "state": "FAILED"}
    take(
        odd,
        within,
        {**A, "depends_on": [need]},
        {**A, "run_id": "a/b", "depends_on": [{"phase_id": "g/h"}]},
    )
    found = Dependency.objects.values_list("prerequisite__phase_id", "prerequisite__run__run_id")
    assert set(found) == {(" c, d/e;f ", "a/b"), ("g/h", "a/b")}


def test_any_id_can_be_depended_on_in_csv():
    load(
        b"run_id,phase_id,state,depends_on",
        b'r,"a, b/c",FAILED,',
        b'r,d,FAILED,"[{""phase_id"": ""a, b/c""}]"',
        b'r,e,FAILED,"{""phase_id"": ""a, b/c""}"',
        kind="csv",
    )
    assert Dependency.objects.filter(prerequisite__phase_id="a, b/c").count() == 2


def test_of_a_phase_that_is_given_twice_the_first_is_taken_where_rejects_are_collected():
    late = {**A, "state": "COMPLETE"}
    with pytest.raises(SourceError, match=r"given twice \(lines 1 and 3\)"):
        take(A, B, late)
    found = take(A, B, late, lenient=True)
    assert (found.phases, found.created, found.rejected) == (2, 2, 1)
    assert found.rejects[0].line == 3
    assert Phase.objects.get(phase_id="a").state == "FAILED"


def test_a_source_that_vanishes_in_the_middle_leaves_nothing_half_done():
    class Vanishing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            if not found:
                raise OSError(5, "Input/output error")
            return found

    data = b"".join(json.dumps({**A, "phase_id": f"p{n}"}).encode() + b"\n" for n in range(2000))
    with pytest.raises(SourceError, match=r"breaks off after line [1-9]"):
        import_file(Vanishing(data), None, NOON, options=Options(lenient=True), by=BY)
    assert not Phase.objects.exists()
    assert not Source.objects.exists()
