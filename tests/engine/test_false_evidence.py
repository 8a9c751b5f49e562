"""Drains whose children or workers die: nothing is gone, nothing is proved,
and a fresh crash has its own name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from drain.engine.rescue import rescue
from drain.engine.sessions.results import dropped_from_plan
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.verdict import Ruling
from drain.fingerprints import fingerprint
from drain.models import Attempt, Fingerprint, FixMarker, Phase
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from tests.engine.conftest import Backlog
from tests.engine.pipeline import OLD, Pipeline
from tests.hosts import Host, until

pytestmark = pytest.mark.django_db(transaction=True)
HANGS = 'echo "start-$1" >> "$OUT/marks"; exec sleep 600'


def report(form: str = "json") -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command("report", "latest", "--format", form, stdout=out)
    return out.getvalue()


def marked(key: str) -> FixMarker:
    call_command("marker", "add", "fix", "--guard", "--fingerprint", key, stdout=StringIO())
    return FixMarker.objects.get()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    started: list[Host] = []

    def start(*arguments: str) -> Host:
        started.append(Host(*arguments, folder=tmp_path / "data", DRAIN_LEASE_SECONDS="2"))
        return started[-1]

    yield start
    for host in started:
        host.clear()


def nothing_is_open() -> bool:
    rescue()
    return not Attempt.objects.filter(finished_at=None).exists()


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_a_drain_of_which_every_attempt_was_lost_proves_nothing(
    backlog: Backlog, start: Callable[..., Host]
) -> None:
    backlog.executor(HANGS)
    for number in range(4):
        backlog.run(f"r{number}", 1)
    known, now = fingerprint("Error: coin"), timezone.now()
    record_fingerprints([SeenFingerprint(known, "Error: coin", now, now)])
    Phase.objects.update(last_fingerprint=known.key)
    fix = marked(known.key)
    drain = start("drain", "--inline", "--parallel", "4", "--max-attempts-per-phase", "1")
    until(lambda: len(backlog.marks()) == 4, 120)
    drain.process.kill()
    drain.process.wait()
    until(nothing_is_open, 60)
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"lost"}
    found: dict[str, Any] = json.loads(report())
    causes = found["comparison"]["causes"]
    assert (causes["gone"], [cause["key"] for cause in causes["untried"]]) == ([], [known.key])
    assert {check["verdict"] for check in found["checks"]} == {"not_enough_data"}
    assert judge_marker(fix).ruling is Ruling.NOT_ENOUGH_DATA
    text = report("md")
    assert "✅" not in text
    assert "0 not seen again" in text


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_a_child_that_dies_before_it_writes_a_reason_is_told_by_its_own_crash(
    pipeline: Pipeline, backlog: Backlog
) -> None:
    for number in range(12):
        pipeline.run(f"r{number}")
        pipeline.phase(f"r{number}", "p", 0, last_failure_reason=OLD, retry_attempt=1)
    pipeline.load()
    old = Phase.objects.values_list("last_fingerprint", flat=True)[0]
    fix = marked(old)
    pipeline.tell(STUB_MODE="import")
    limits: dict[str, Any] = {"max_session_fingerprint_repeats": 3, "max_attempts_per_phase": 1}
    session = backlog.drain(pipeline.session(**limits))
    # The limit sees the crash; were it the old reason again, each phase would have been tried.
    tried = Attempt.objects.filter(session=session)
    assert tried.count() == 3
    assert dropped_from_plan(session.pk) == {"fingerprint_stopped": 9}
    (crash,) = set(tried.values_list("fingerprint", flat=True))
    assert crash != old
    assert "ImportError" in Fingerprint.objects.get(key=crash).title
    found = json.loads(report())
    causes = found["comparison"]["causes"]
    assert [cause["key"] for cause in causes["new"]] == [crash]
    assert (causes["gone"], [cause["key"] for cause in causes["replaced"]]) == ([], [old])
    assert "0 not seen again, 0 still there, 1 new, 0 regressed, 1 replaced by another" in report(
        "md"
    )
    assert judge_marker(fix).ruling is Ruling.NOT_ENOUGH_DATA
    assert "**Status**: ✅" not in report("md")
    assert {row[0] for row in pipeline.execute("SELECT last_failure_reason FROM phases")} == {OLD}
