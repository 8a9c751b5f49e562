"""Bringing work in through the browser: seen before it is written, and then exactly that."""

from __future__ import annotations

import gzip
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from drain.dashboard.imports import form
from drain.models import AuditEvent, Phase, Run, Source
from drain.models.roles import Role
from tests.dashboard.people import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/import/"
CSV = b"run_id,phase_id,state,reason,colour\nnightly,a,failed,KeyError: 7,red\nnightly,b,gone,,red\nnightly,,failed,,red\n"


@pytest.fixture
def manager() -> Client:
    return signed_in(Role.MANAGER)


def _file(data: bytes, name: str = "jobs.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def _preview(client: Client, data: bytes = CSV, **more: str) -> HttpResponse:
    return client.post(ADDRESS, {"file": _file(data), "act": "preview", **more})  # type: ignore[return-value]


def _seen(answer: HttpResponse) -> str:
    found = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert found is not None
    return found[1]


def _import(client: Client, data: bytes, seen: str, **more: str) -> HttpResponse:
    return client.post(ADDRESS, {"file": _file(data), "act": "import", "seen": seen, **more})  # type: ignore[return-value]


def test_a_preview_says_all_that_an_import_would_do_and_writes_nothing(manager):
    page = _preview(manager).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "1 phase in 1 run nothing is written yet" in text
    assert "Recognised as CSV" in text
    assert re.search(r"failed Failed 1 .*gone left out 1", text)
    assert "reason reason" in text
    assert "KeyError: 7" in text
    assert "1 rejected" in text
    assert "Line 4:" in text
    assert "Fields that nobody reads: colour." in text
    assert not Run.objects.exists()
    assert not Source.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_import_takes_what_was_previewed_and_stands_in_the_audit(manager):
    answer = _import(manager, CSV, _seen(_preview(manager)))
    assert answer.headers["Location"] == "/drains/new/"
    assert list(Phase.objects.values_list("phase_id", "state")) == [("a", "FAILED")]
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.label) == ("import", "manager-False", "files")
    assert event.origin == "browser"
    assert event.new["file"] == "jobs.csv"
    assert (event.new["phases"], event.new["rejected"]) == (1, 1)
    assert "1 rejected record was left out" in manager.get("/drains/new/").content.decode()


@pytest.mark.parametrize(
    "changed", [{"data": CSV + b"nightly,c,failed,,\n"}, {"sets": "run_id=other"}]
)
def test_what_is_not_what_was_previewed_is_previewed_instead(manager, changed):
    seen = _seen(_preview(manager))
    answer = _import(manager, changed.pop("data", CSV), seen, **changed)
    assert answer.status_code == 409
    assert "Nothing was imported" in answer.content.decode()
    assert not Run.objects.exists()


def test_pasted_text_is_read_as_a_file(manager):
    text = '{"run_id": "n", "phase_id": "a", "state": "FAILED"}'
    page = manager.post(ADDRESS, {"text": text, "act": "preview"})
    manager.post(ADDRESS, {"text": text, "act": "import", "seen": _seen(page)})
    assert Run.objects.get().run_id == "n"


def test_a_packed_file_of_another_tool_is_mapped_and_says_how(manager):
    data = gzip.compress(b"job,night,result\na,mon,broken\n")
    how = {
        "maps": "phase_id=job\nrun_id=night\nstate=result\nstate:broken=FAILED",
        "sets": "category=etl",
    }
    answer = _preview(manager, data, **how)
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    assert "category always etl phase_id job run_id night state result" in text
    _import(manager, data, _seen(answer), **how)
    phase = Phase.objects.get()
    assert (phase.phase_id, phase.category, phase.state) == ("a", "etl", "FAILED")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Nothing to read: choose a file, or paste its text."),
        ({"file": _file(b"")}, "The file is empty."),
        ({"file": _file(CSV), "text": "x"}, "not both"),
        ({"text": "x" * (form.MOST_PASTED + 1)}, "more than 500,000 characters"),
        ({"file": _file(b"PK\x03\x04")}, "Excel workbook"),
        ({"file": _file(b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><testsuite/>")}, "Nothing was imported"),
        ({"file": _file(CSV), "mapping": "/etc/passwd"}, "must be one of"),
        ({"file": _file(CSV), "format": "exe"}, "must be one of"),
        ({"file": _file(CSV), "maps": "colour=red"}, "is no field of a phase"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_in_a_sentence(manager, sent, sentence):
    for value in sent.values():
        if hasattr(value, "seek"):
            value.seek(0)
    answer = manager.post(ADDRESS, {**sent, "act": "preview"})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "passwd" not in answer.content.decode() or "mapping" in sent
    assert not Run.objects.exists()


def test_a_file_above_the_limit_is_refused_with_both_sizes(manager, monkeypatch):
    monkeypatch.setattr(form, "MOST_MEGABYTES", 1)
    answer = _preview(manager, CSV + b" " * (3 << 20))
    assert answer.status_code == 422
    assert "The file has 3.0 MB and a browser may bring 1 MB" in answer.content.decode()


def test_what_a_file_says_cannot_become_markup(manager):
    data = b"run_id,phase_id,state,reason\n<b>r,<i>p,failed,<script>alert(1)</script>\n"
    page = _preview(manager, data).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;r" in page


def test_an_operator_may_not_import():
    assert _preview(signed_in(Role.OPERATOR)).status_code == 403


def test_a_reading_that_was_kept_in_the_form_serves_the_next_file_and_the_preview_says_so(manager):
    data = b"dag;task;state\nr;t;failed\n"
    how = {"maps": "run_id=dag\nphase_id=task", "remember": "on"}
    seen = _seen(_preview(manager, data, **how))
    assert not Source.objects.exists()
    _import(manager, data, seen, **how)
    again = _preview(manager, data.replace(b"t;failed", b"u;failed"))
    page = again.content.decode()
    assert "Read as is kept for files: <code>--map run_id=dag --map phase_id=task</code>" in page
    # What was seen is imported, though the source forgets it meanwhile.
    seen = _seen(again)
    Source.objects.update(reading={})
    refused = _import(manager, data.replace(b"t;failed", b"u;failed"), seen)
    assert refused.status_code in (409, 422)
    assert Phase.objects.count() == 1


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_a_record_of_it_is_read(
    manager, monkeypatch
):
    monkeypatch.setattr(form, "REQUEST_UNPACKED", 1 << 20)
    monkeypatch.setattr(form, "REQUEST_SECONDS", 1e-9)
    bomb = gzip.compress(CSV + b"nightly,c,failed,,red\n" * 60_000)
    answer = _preview(manager, bomb)
    assert answer.status_code == 422
    assert "Unpacked the file has more than 1 MB" in answer.content.decode()


def test_columns_among_which_nobody_could_choose_are_not_offered(manager):
    names = ["x" * 100_000, *(f"column-{n}" for n in range(3000))]
    page = _preview(manager, f"{','.join(names)}\n1\n".encode()).content.decode()
    assert "column-7<" in page
    assert len(page) < 100_000


def test_a_file_that_takes_too_long_to_read_is_refused_and_changes_nothing(manager, monkeypatch):
    digest = _seen(_preview(manager, CSV))
    monkeypatch.setattr(form, "REQUEST_SECONDS", 1e-9)
    answer = _import(manager, CSV, digest)
    assert answer.status_code == 422
    assert "Reading the file took more than 1e-09 s, up to line" in answer.content.decode()
    assert not Source.objects.exists()
    assert not Run.objects.exists()


def test_a_field_that_is_missing_is_chosen_from_the_columns_there_and_then_imported(manager):
    data = b"pipeline,job,state\nnightly,a,failed\n"
    refused = _preview(manager, data)
    text = refused.content.decode()
    assert refused.status_code == 422
    assert "--map" not in text.split('class="notice')[1].split("</")[0]
    assert '<details class="card-section" open>' in text
    assert re.search(r'<select[^>]*name="map_run_id".*?<option value="pipeline"', text, re.DOTALL)
    assert re.search(r'<select[^>]*name="map_phase_id"', text)
    assert 'name="map_state"' not in text
    one = _preview(manager, data, map_run_id="pipeline").content.decode()
    assert '<input type="hidden" name="map_run_id" value="pipeline">' in one
    assert 'name="map_phase_id"' in one
    chosen = {"map_run_id": "pipeline", "map_phase_id": "job"}
    seen = _seen(_preview(manager, data, **chosen))
    manager.post(ADDRESS, {"file": _file(data), "act": "import", "seen": seen, **chosen})
    assert Phase.objects.get().phase_id == "a"
    assert Run.objects.get().run_id == "nightly"


def test_the_page_after_an_import_counts_what_came_in(manager):
    assert "no source yet" in manager.get("/runs/").content.decode()
    seen = _seen(_preview(manager))
    manager.post(ADDRESS, {"file": _file(CSV), "act": "import", "seen": seen})
    assert "no source yet" not in manager.get("/runs/").content.decode()


def test_what_says_why_a_phase_failed_is_chosen_among_the_fields_that_nobody_reads(manager):
    data = b"run_id,phase_id,state,error,host\nnightly,a,failed,KeyError: 7,db\n"
    text = _preview(manager, data).content.decode()
    assert re.search(r'<select[^>]*name="map_reason".*?<option value="error"', text, re.DOTALL)
    chosen = _preview(manager, data, map_reason="error")
    assert '<input type="hidden" name="map_reason" value="error">' in chosen.content.decode()
    assert "<select" not in chosen.content.decode().split('id="import-preview"')[1]
    _import(manager, data, _seen(chosen), map_reason="error")
    assert Phase.objects.get().last_failure_reason == "KeyError: 7"
