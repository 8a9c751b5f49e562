"""The reading of a source's files is kept with it, used whole where nothing is said,
and never a file of the host.
"""

from __future__ import annotations

import io
from typing import Any

import pytest

from drain.models import AuditEvent, Phase, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.errors import SourceError
from drain.sources.files.importing import import_file
from drain.sources.files.result import Options
from tests.factories import NOON

pytestmark = pytest.mark.django_db
BY = Person("ada", Origin.COMMAND)
TASKS = b"dag_run;task;state\nr;t;upstream_failed\n"
MAPS = ("run_id=dag_run", "phase_id=task", "state:upstream_failed=FAILED")


def load(data: bytes, name: str = "nightly", kind: str | None = None, **options: Any):
    return import_file(io.BytesIO(data), kind, NOON, name, Options(**options), by=BY)


def test_the_second_file_needs_no_options_and_says_how_it_was_read():
    assert load(TASKS, maps=MAPS, remember=True).kept == ""
    found = load(TASKS.replace(b"r;t", b"r;u"))
    assert (found.created, found.kept) == (
        1,
        "--map run_id=dag_run --map phase_id=task --map state:upstream_failed=FAILED",
    )
    assert set(Phase.objects.values_list("state", flat=True)) == {"FAILED"}
    assert AuditEvent.objects.order_by("pk")[0].new["reading"] == found.kept
    assert "reading" not in AuditEvent.objects.order_by("pk")[1].new


def test_options_that_are_given_take_the_place_of_all_that_was_kept():
    load(TASKS, maps=MAPS, remember=True)
    with pytest.raises(SourceError, match="phase_id"):
        load(TASKS, maps=("run_id=dag_run",))
    plain = b"run_id,phase_id,state\nr,v,FAILED\n"
    assert load(plain, sets=("reason=x",)).kept == ""


def test_another_source_has_its_own_and_a_dry_run_keeps_nothing():
    load(TASKS, maps=MAPS, remember=True)
    theirs = TASKS.replace(b"r;t", b"other;t")
    with pytest.raises(SourceError):
        load(theirs, name="weekly")
    load(theirs, name="weekly", maps=MAPS, remember=True, dry_run=True)
    assert not Source.objects.filter(name="weekly").exists()


def test_remembering_nothing_forgets():
    load(TASKS, maps=MAPS, remember=True)
    load(b"run_id,phase_id,state\nr,v,FAILED\n", remember=True)
    assert Source.objects.get().reading == {}
    with pytest.raises(SourceError):
        load(TASKS)


def test_a_format_and_a_ready_mapping_are_kept_too():
    load(b'{"run_id": "r", "phase_id": "p", "state": "FAILED"}', kind="jsonl", remember=True)
    assert Source.objects.get().reading == {"format": "jsonl"}
    assert load(b'{"run_id": "r", "phase_id": "q", "state": "FAILED"}').kept == "--format jsonl"


def test_a_mapping_file_of_the_host_is_not_kept_and_nothing_is_imported(tmp_path):
    mapping = tmp_path / "mine.json"
    mapping.write_text(
        '{"fields": {"run_id": "dag_run", "phase_id": "task"}, "states": {"upstream_failed": "FAILED"}}'
    )
    with pytest.raises(SourceError, match="not kept"):
        load(TASKS, mapping=str(mapping), remember=True)
    assert not Phase.objects.exists()
    assert not Source.objects.exists()
