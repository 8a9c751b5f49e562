"""Commands that list things, for people and for programs."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils import timezone

from drain.management.listing import ListCommand
from drain.models import Check, DrainSession, Fingerprint, Hold, Source, WorkerHost
from drain.models.vocabulary import CheckKind, HoldKind, Origin, SourceKind
from tests.factories import NOON, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
LISTS = (
    "runs",
    "drains",
    "holds",
    "workers",
    "fingerprints",
    "checks",
    "sources",
    "news",
    "phases",
)


def shown(*argv: str) -> str:
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def listed(*argv: str):
    return json.loads(shown(*argv, "--json"))[argv[0]]


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_so(name):
    assert shown(name) == f"No {name}.\n"
    assert json.loads(shown(name, "--json")) == {name: [], "more": False}


@pytest.mark.parametrize("name", LISTS)
def test_the_examples_of_the_help_work_as_they_stand(name):
    text = load_command_class("drain", name).create_parser("manage.py", name).format_help()
    examples = re.findall(r"^  manage\.py (.+)$", text, re.MULTILINE)
    assert len(examples) == 2
    for example in examples:
        assert shown(*example.split())


def test_runs_are_listed_with_their_phases_by_state():
    source = Source.objects.create(name="files", kind=SourceKind.FILES)
    first = RunFactory(run_id="nightly-1", source=source)
    PhaseFactory(run=first, state="FAILED", phase_id="a")
    PhaseFactory(run=first, state="FAILED", phase_id="b")
    PhaseFactory(run=first, state="COMPLETE", phase_id="c")
    second = RunFactory(run_id="other", source=None)
    PhaseFactory(run=second, state="COMPLETE", phase_id="a")
    assert [run["run_id"] for run in listed("runs")] == ["other", "nightly-1"]
    assert listed("runs", "--state", "FAILED")[0]["phases"] == {"COMPLETE": 1, "FAILED": 2}
    assert "1 COMPLETE, 2 FAILED" in shown("runs", "--prefix", "nightly")
    assert len(listed("runs", "--source", "files")) == 1
    assert listed("sources")[0]["runs"] == 1
    assert "more than 1" in shown("runs", "--limit", "1")
    assert json.loads(shown("runs", "--limit", "1", "--json"))["more"] is True
    with pytest.raises(CommandError, match="from 1 to"):
        shown("runs", "--limit", "0")


def test_an_address_is_listed_without_its_password():
    Source.objects.create(name="a", kind=SourceKind.AUTOPACK, url="postgresql://ann:s3cret@h/db")
    assert "s3cret" not in shown("sources") + shown("sources", "--json")
    assert "postgresql://ann" in shown("sources")


def test_holds_and_workers_that_ended_are_listed_where_that_is_asked():
    common = {"reason": "wait", "created_by": "ann", "origin": Origin.COMMAND, "kind": HoldKind.RUN}
    Hold.objects.create(value="now", **common)
    Hold.objects.create(value="released", released_at=NOON, **common)
    Hold.objects.create(value="over", until=NOON, **common)
    assert [hold["value"] for hold in listed("holds")] == ["now"]
    assert len(listed("holds", "--all")) == 3
    WorkerHost.objects.create(host="alive", pid=1, version="1", workers=2, slots=8)
    WorkerHost.objects.create(host="gone", pid=2, version="1", workers=2, stopped_at=timezone.now())
    assert [(host["host"], host["slots"]) for host in listed("workers")] == [("alive", 8)]
    assert len(listed("workers", "--all")) == 2


def test_causes_drains_and_checks_are_listed():
    times = {"first_seen": NOON, "last_seen": NOON}
    cause = Fingerprint.objects.create(
        key="k", coarse="k", version=1, title="KeyError", category="x", **times
    )
    Fingerprint.objects.create(
        key="m", coarse="m", version=1, title="merged", category="x", merged_into=cause, **times
    )
    PhaseFactory(state="FAILED", last_fingerprint="k")
    PhaseFactory(state="COMPLETE", last_fingerprint="k")
    assert [(row["key"], row["failed_now"]) for row in listed("fingerprints")] == [("k", 1)]
    drain = DrainSession.objects.create(
        started_by="ann", origin=Origin.COMMAND, note="after\nthe fix"
    )
    assert listed("drains")[0]["drain"] == drain.pk
    assert "after the fix" in shown("drains", "--state", drain.state)
    Check.objects.create(name="no KeyError", kind=CheckKind.values[0])
    Check.objects.create(name="off", kind=CheckKind.values[0], enabled=False)
    assert [check["name"] for check in listed("checks")] == ["no KeyError"]
    assert len(listed("checks", "--all")) == 2


def test_the_documents_name_every_list_there_is():
    text = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    sentence = re.search(
        r"^`manage\.py runs`.*? list what there is", text, re.MULTILINE | re.DOTALL
    )
    assert sentence is not None
    assert sorted(re.findall(r"`(?:manage\.py )?(\w+)`", sentence[0])) == sorted(LISTS)
    found = [name for name, app in get_commands().items() if str(app).startswith("drain")]
    lists = [
        name
        for name in found
        if isinstance(load_command_class(get_commands()[name], name), ListCommand)
    ]
    assert sorted(lists) == sorted(LISTS)
