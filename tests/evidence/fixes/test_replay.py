"""Fixes that fix nothing, played through the product: imported, drained by real processes, reported."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.verdict import Ruling
from drain.models import DrainSession, ExecutorProfile, FixMarker, Phase
from drain.models.vocabulary import PhaseState
from tests.factories import FingerprintFactory

pytestmark = pytest.mark.django_db(transaction=True)
TRACEBACK = """
import sys
raise ValueError(f"bad row {sys.argv[1]}")
"""


def imported(folder: Path, count: int, reason: str = "") -> None:
    """Failed phases of four each in a run, from a file."""
    lines = [
        {"run_id": f"run-{n // 4}", "phase_id": f"p{n}", "phase_index": n, "state": "FAILED",
         "last_failure_reason": reason.format(n)}
        for n in range(count)
    ]  # fmt: skip
    path = folder / "phases.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    call_command("import_phases", str(path), stdout=StringIO())


def executor(*argv: str) -> None:
    ExecutorProfile.objects.create(name="x", argv=list(argv), is_default=True)


def drained(*words: str) -> str:
    """The report of a drain, whatever its exit code."""
    out = StringIO()
    with suppress(CommandError):
        call_command("drain", "--inline", "--batch-size", "200", *words, stdout=StringIO())
    with suppress(CommandError):
        call_command("report", "latest", "--format", "md", stdout=out)
    return out.getvalue().replace("\\", "")


def marked(*keys: str) -> FixMarker:
    chosen = [word for key in keys for word in ("--fingerprint", key)]
    call_command("marker", "add", "fix", "--guard", *chosen, stdout=StringIO())
    return FixMarker.objects.latest("pk")


def key_of_the_backlog() -> str:
    return Phase.objects.filter(state=PhaseState.FAILED).values_list("last_fingerprint", flat=True)[
        0
    ]


def test_a_reason_that_comes_again_with_its_traceback_is_still_there_and_fails_the_check(tmp_path):
    imported(tmp_path, 6, "ValueError: bad row {}")
    script = tmp_path / "work.py"
    script.write_text(TRACEBACK)
    executor("python3", str(script), "{phase_index}")
    fix = marked(key_of_the_backlog())
    report = drained()
    assert Phase.objects.filter(state=PhaseState.FAILED).count() == 6
    assert "not seen again" not in report or "0 not seen again" in report
    assert "No ValueError" in report
    assert "❌" in report
    assert "✅" not in report
    with pytest.raises(CommandError) as refused:
        call_command("report", "latest", stdout=StringIO())
    assert refused.value.returncode == 3
    since = judge_marker(fix).causes[0].after
    assert since.failed == since.n > 0


@pytest.mark.verify
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(10))
def test_a_placebo_through_the_product_is_never_green(tmp_path, seed):
    """Each phase fails half of the time, whoever marks what in the middle."""
    imported(tmp_path, 40, "Error: coin")
    rng = random.Random(seed)
    coins = tmp_path / "coins"
    coins.mkdir()
    for n in range(40):
        (coins / f"{n}").write_text(" ".join(rng.choice("01") for _ in range(3)))
    flip = (
        'f="$0/$1"; read -r now rest < "$f"; echo "$rest" > "$f"; '
        'test "$now" = 1 || { echo "Error: coin" >&2; exit 1; }'
    )
    executor("/bin/sh", "-c", flip, str(coins), "{phase_index}")
    drained("--max-attempts-per-phase", "1", "--max-fingerprint-repeats", "1000")
    fix = marked(key_of_the_backlog())
    report = drained("--max-attempts-per-phase", "1", "--max-fingerprint-repeats", "1000")
    found = judge_marker(fix)
    assert found.ruling in (Ruling.NOT_ENOUGH_DATA, Ruling.CANNOT_BE_TOLD, Ruling.DOES_NOT_WORK)
    assert "Better than before" not in report
    assert "**Status**: ✅" not in report
    assert DrainSession.objects.count() == 2


def switched(folder: Path, before: str, after: str) -> Path:
    """An executor that does `before` until the returned file is there, then `after`."""
    switch = folder / "switch"
    executor("/bin/sh", "-c", f'if test -e "$0"; then {after}; else {before}; fi', str(switch))
    return switch


ALL = ("--max-attempts-per-phase", "1", "--max-fingerprint-repeats", "1000")
FAILS = 'echo "Error: $DRAIN_PARAM_KIND" >&2; exit 1'


def imported_of_two_causes(folder: Path) -> None:
    lines = [
        {"run_id": f"{kind}-{n}", "phase_id": "p", "state": "FAILED", "params": {"kind": kind},
         "last_failure_reason": f"Error: {kind}"}
        for kind in ("coin", "lamp") for n in range(26)
    ]  # fmt: skip
    path = folder / "phases.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    call_command("import_phases", str(path), stdout=StringIO())


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_a_general_recovery_through_the_product_is_not_called_the_fix(tmp_path):
    imported_of_two_causes(tmp_path)
    switch = switched(tmp_path, FAILS, "true")
    drained(*ALL)
    coin = Phase.objects.get(run__run_id="coin-0").last_fingerprint
    fix = marked(coin)
    switch.touch()
    report = drained(*ALL)
    assert not Phase.objects.exclude(state=PhaseState.COMPLETE).exists()
    assert judge_marker(fix).ruling is Ruling.CANNOT_BE_TOLD
    assert "**Status**: ✅" not in report


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_failures_that_move_to_another_error_are_no_whole_fix(tmp_path):
    imported(tmp_path, 30, "Error: coin")
    switch = switched(
        tmp_path, 'echo "Error: coin" >&2; exit 1', 'echo "Trouble: lamp" >&2; exit 1'
    )
    drained(*ALL)
    fix = marked(key_of_the_backlog())
    switch.touch()
    report = drained(*ALL)
    assert judge_marker(fix).ruling is not Ruling.WORKS
    assert (
        "0 not seen again, 0 still there, 1 new, 0 regressed, 1 replaced by another failure"
        in report
    )
    assert "**Status**: ✅" not in report


@pytest.mark.verify
def test_a_cause_that_no_phase_of_a_drain_had_is_no_pass_in_its_report(tmp_path):
    imported(tmp_path, 4, "Error: coin")
    executor("/bin/true")
    fix = marked(FingerprintFactory(key="never", title="Error never").key)
    report = drained(*ALL)
    assert judge_marker(fix).ruling is Ruling.NOT_ENOUGH_DATA
    assert "Error never" not in report
    assert "**Status**: ✅" not in report


def test_a_marker_that_is_put_after_the_drain_has_nothing_to_show(tmp_path):
    imported(tmp_path, 4, "Error: coin")
    executor("/bin/true")
    key = key_of_the_backlog()
    report = drained(*ALL)
    fix = marked(key)
    found = judge_marker(fix)
    assert found.ruling is Ruling.NOT_ENOUGH_DATA
    assert found.sentence == "No phase that had failed this way has been tried since the fix."
    assert "**Status**: ⚠️ 4 of 4 counted attempts completed; no fix is marked" in report
    out = StringIO()
    call_command("report", "latest", stdout=out)
    assert "✅" not in out.getvalue()


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_phases_that_complete_without_what_such_work_brought_are_no_fix(tmp_path):
    """First the work is done and says so, then it fails, at last it ends with success and nothing else."""
    imported(tmp_path, 36)
    work = tmp_path / "work"
    work.write_text('echo \'{"event":"telemetry","kind":"rows","n":1}\' >> "$DRAIN_REPORT"')
    executor("/bin/sh", str(work))
    drained(*ALL, "--batch-size", "10")
    work.write_text('echo "Error: coin" >&2; exit 1')
    drained(*ALL)
    drained(*ALL)
    fix = marked(key_of_the_backlog())
    work.write_text("true")
    report = drained(*ALL)
    assert not Phase.objects.exclude(state=PhaseState.COMPLETE).exists()
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    done = "0 of 26 phases brought an event, of what completed before 10 of 10 phases"
    assert done in found.sentence
    assert "**Status**: ⚠️" in report
    assert "the work may not have been done" in report
