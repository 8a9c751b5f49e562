"""`manage.py import_autopack` and `manage.py import_phases`."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from drain.models import AuditEvent, ExecutorProfile, Phase, Run, Source

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parent.parent / "data"


@pytest.fixture
def url(tmp_path) -> str:
    shutil.copy(DATA / "autopack_sample.sqlite3", tmp_path / "a.sqlite3")
    return f"sqlite:///{tmp_path}/a.sqlite3"


def command(*argv: str) -> str:
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def test_a_workspace_makes_the_profile_that_drains_its_phases(url):
    result = json.loads(
        command(
            "import_autopack",
            url,
            "--workspace",
            str(DATA / "autopack_workspace"),
            "--python",
            "/usr/bin/python3",
            "--settle-seconds",
            "3",
            "--json",
        )
    )
    assert (result["source"], result["runs"], result["phases"], result["created"]) == (
        "a",
        25,
        285,
        285,
    )
    profile = ExecutorProfile.objects.get(name="autopack:a")
    assert profile.argv == [
        "/usr/bin/python3",
        "scripts/drain_one_phase.py",
        "--run-id",
        "{run_id}",
        "--phase-id",
        "{phase_id}",
        "--force",
    ]
    assert profile.cwd == str(DATA / "autopack_workspace")
    assert profile.env == {}, "what its source adds is not stored"
    assert not Run.objects.exclude(executor=profile).exists()
    assert Source.objects.get().settle_seconds == 3
    told = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(told) == ["source.set", "executor.set"]


def test_an_environment_reference_is_stored_as_one(url, monkeypatch):
    monkeypatch.setenv("AUTOPACK_DB", url)
    assert "25 runs (25 new)" in command("import_autopack", "env:AUTOPACK_DB")
    assert Source.objects.get().url == "env:AUTOPACK_DB"
    assert "285 unchanged" in command("import_autopack", "env:AUTOPACK_DB")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--workspace", "/nowhere"], "is no folder"),
        (["--workspace", "/tmp"], "has no scripts/drain_one_phase.py"),
        (["--settle-seconds", "0"], "--settle-seconds must be above 0"),
        (["--python", "/usr/bin/python3"], "need a --workspace"),
        (["--name", "a/b"], "cannot name a source"),
    ],
)
def test_options_that_make_no_sense_change_nothing(url, argv, sentence):
    with pytest.raises(CommandError, match=sentence):
        command("import_autopack", url, *argv)
    assert not Source.objects.exists()


def test_a_password_is_not_in_the_error():
    with pytest.raises(CommandError) as refused:
        command("import_autopack", "postgresql://ann:s3cret@127.0.0.1:1/x")
    assert "s3cret" not in str(refused.value)


def test_phases_come_from_a_file(tmp_path):
    path = tmp_path / "phases.csv"
    path.write_text("run_id,phase_id,state\nr,a,failed\n")
    assert json.loads(command("import_phases", str(path), "--json"))["created"] == 1
    assert Phase.objects.get().state == "FAILED"
    with pytest.raises(CommandError, match="cannot be read"):
        command("import_phases", str(tmp_path / "none.jsonl"))


def test_a_dry_run_shows_what_the_file_is_taken_for(tmp_path):
    path = tmp_path / "phases.txt"
    path.write_text("dag_run;task;state;owner\nr;a;failed;ann\nr;b;gone;\n")
    options = [str(path), "--map", "run_id=dag_run", "--map", "phase_id=task"]
    shown = command("import_phases", *options, "--dry-run")
    assert "Recognised as CSV with ; between fields, UTF-8; records of drainsite." in shown
    assert "state failed -> FAILED: 1" in shown
    assert "state gone -> left out: 1" in shown
    assert "r | a | FAILED" in shown
    assert "Fields that nobody reads: owner." in shown
    assert "Left out: 1 in state gone. Take them with --map state:gone=FAILED" in shown
    assert not Phase.objects.exists()
    assert "1 new" in command("import_phases", *options)


def test_rejects_are_listed_with_their_lines(tmp_path):
    path = tmp_path / "phases.jsonl"
    good = '{"run_id": "r", "phase_id": "a", "state": "FAILED"}\n'
    path.write_text(good + "{broken\n" * 30)
    shown = command("import_phases", str(path), "--lenient")
    assert "30 rejected:\n  Line 2 is no JSON" in shown
    assert "and 10 more" in shown
    assert (
        json.loads(command("import_phases", str(path), "--lenient", "--json"))["rejects"][29][
            "line"
        ]
        == 31
    )


@pytest.mark.parametrize("delimiter", ["", ";;", '"'])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    path = tmp_path / "phases.csv"
    path.write_text("run_id;phase_id;state\nr;a;FAILED\n")
    with pytest.raises(CommandError, match="one character"):
        command("import_phases", str(path), "--delimiter", delimiter)


def test_an_import_ends_with_the_next_step_and_asks_for_the_reasons_that_it_did_not_read(tmp_path):
    jobs = tmp_path / "jobs.csv"
    jobs.write_text("run_id,phase_id,state,error\nr,a,failed,KeyError: 7\n")
    first = command("import_phases", str(jobs))
    assert "Fields that nobody reads: error." in first
    assert "take it with --map reason=FIELD" in first
    assert first.endswith("`manage.py executor set NAME --default -- COMMAND '{phase_id}'`.\n")
    ExecutorProfile.objects.create(name="x", argv=["true"])
    second = command("import_phases", str(jobs), "--map", "reason=error")
    assert "--map" not in second
    assert second.endswith(
        "Next: `manage.py drain --dry-run` shows what a drain would run, and what not and why.\n"
    )
    assert "Next:" not in command("import_phases", str(jobs), "--dry-run")
    json.loads(command("import_phases", str(jobs), "--json"))
