"""Asking a source before and after an attempt, and writing back to it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from drain.models.vocabulary import PhaseState
from drain.sources.autopack import rows
from drain.sources.autopack.readback import before, read_until_settled
from drain.sources.autopack.words import reason_without_ours, with_ours
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError

pytestmark = pytest.mark.django_db
RUN = "research-system-v2"
PHASE = "research-orchestrator"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)


def run_stub(autopack, mode: str, phase: str = PHASE) -> None:
    subprocess.run(
        [
            sys.executable,
            "scripts/drain_one_phase.py",
            "--run-id",
            RUN,
            "--phase-id",
            phase,
            "--force",
        ],
        cwd=autopack.workspace,
        env={**os.environ, "DATABASE_URL": autopack.url, "STUB_MODE": mode},
        check=False,
        capture_output=True,
        timeout=300,
    )


def after(autopack, mode: str, seconds: float = 2.0):
    source = autopack.source()
    watermark = before(source, RUN, PHASE)
    run_stub(autopack, mode)
    ticks = []
    return read_until_settled(
        source, RUN, PHASE, watermark, lambda: ticks.append(1), seconds
    ), ticks


def test_a_completed_phase_comes_back_with_its_telemetry(autopack):
    found, ticks = after(autopack, "complete")
    assert (found.state, found.settled, found.other_phase_that_ran) == ("COMPLETE", True, None)
    assert [event.phase_id for event in found.telemetry] == [PHASE, PHASE]
    assert ticks


def test_a_failed_phase_comes_back_with_its_reason(autopack):
    found, _ = after(autopack, "fail")
    assert found.state == "FAILED"
    assert "coverage_tracker" in found.reason


def test_a_state_that_never_settles_is_told(autopack):
    found, ticks = after(autopack, "stuck", 0.2)
    assert (found.state, found.settled, found.reason) == ("EXECUTING", False, "")
    assert len(ticks) > 2


def test_another_phase_that_ran_instead_is_noticed(autopack):
    found, _ = after(autopack, "divert")
    assert found.other_phase_that_ran == "research-integration"
    assert found.telemetry == []
    assert found.phases["research-integration"].state == "COMPLETE"


def test_a_source_that_vanishes_counts_as_not_settled(autopack, monkeypatch):
    monkeypatch.setattr("drain.sources.autopack.readback.AWAY_SECONDS", 0.1)
    source = autopack.source()
    watermark = before(source, RUN, PHASE)
    autopack.path.unlink()
    found = read_until_settled(source, RUN, PHASE, watermark, lambda: None, 0.1)
    assert (found.settled, found.reason, found.state) == (False, "", None)


@pytest.mark.parametrize(("seconds", "waited"), [(0.1, True), (0.0, False)])
def test_a_source_that_is_locked_for_longer_than_it_may_settle_is_waited_for(
    autopack, monkeypatch, seconds, waited
):
    monkeypatch.setattr("drain.sources.autopack.database.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("drain.sources.autopack.readback.AWAY_SECONDS", 30 if waited else 0)
    source = autopack.source()
    watermark = before(source, RUN, PHASE)
    run_stub(autopack, "queued")
    lock = sqlite3.connect(autopack.path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    ticks = []

    def tick():
        ticks.append(1)
        if len(ticks) == 20:
            lock.execute("COMMIT")

    found = read_until_settled(source, RUN, PHASE, watermark, tick, seconds, failed=True)
    lock.close()
    assert found.reason.startswith("PATCH_FAILED") is waited
    assert len(ticks) > 20 or not waited


def test_a_phase_the_source_has_not_is_refused(autopack):
    with pytest.raises(SourceError, match="no phase nope in run research-system-v2"):
        before(autopack.source(), RUN, "nope")


def test_writing_back_is_guarded_by_the_expected_state(autopack):
    source = autopack.source()
    queued, failed = PhaseState.QUEUED, PhaseState.FAILED
    assert write_back(source, Change(RUN, "research-integration", queued, failed, "stale"))
    assert autopack.state("research-integration") == "FAILED"
    done = PhaseState.COMPLETE
    assert not write_back(source, Change(RUN, "research-integration", queued, done))
    assert autopack.state("research-integration") == "FAILED"
    reason = autopack.run(
        "SELECT last_failure_reason FROM phases WHERE phase_id = 'research-integration'"
    )
    assert reason == [("[drainsite] stale",)]


@pytest.mark.parametrize(
    ("theirs", "tells_times"),
    [
        ({"updated_at": "2026-03-01 10:00:00"}, True),
        ({"state": "EXECUTING"}, True),
        ({"state": "EXECUTING"}, False),
        ({"last_failure_reason": "theirs"}, True),
        ({"last_failure_reason": "theirs"}, False),
    ],
)
def test_whoever_writes_between_our_reading_and_our_writing_wins(
    autopack, monkeypatch, theirs, tells_times
):
    look = rows.row_of_phase
    queued = "research-integration"
    if not tells_times:
        autopack.run("ALTER TABLE phases DROP COLUMN updated_at")

    def written_just_after(*given):
        found = look(*given)
        autopack.set(queued, **theirs)
        return found

    monkeypatch.setattr(rows, "row_of_phase", written_just_after)
    change = Change(RUN, queued, PhaseState.QUEUED, PhaseState.FAILED, "ours")
    assert not write_back(autopack.source(), change)
    assert autopack.state(queued) == theirs.get("state", "QUEUED")
    reason = autopack.run(
        "SELECT last_failure_reason FROM phases WHERE phase_id = 'research-integration'"
    )
    assert reason == [(theirs.get("last_failure_reason"),)]


def test_what_was_written_since_we_last_knew_is_left_alone(autopack):
    source = autopack.source()
    known = before(source, RUN, PHASE).phases[PHASE].phase.changed_at
    change = Change(RUN, PHASE, PhaseState.FAILED, PhaseState.SKIPPED, known_at=known)
    autopack.set(PHASE, updated_at="2027-03-01 10:00:00")
    assert not write_back(source, change)
    autopack.run("ALTER TABLE phases DROP COLUMN updated_at")
    assert write_back(source, change), "a source that tells no times is guarded by the state"


@pytest.mark.parametrize(
    ("written", "ours", "becomes", "reason"),
    [
        ("", "stale", "[drainsite] stale", "stale"),
        ("KeyError: 1", "stale", "[drainsite] stale; original: KeyError: 1", "KeyError: 1"),
        ("[drainsite] stale; original: KeyError: 1", "lost", "[drainsite] lost; original: KeyError: 1", "KeyError: 1"),
        ("[drainsite] stale", "lost", "[drainsite] lost", "lost"),
        ("a; original: b", "x; original: y", "[drainsite] x; y; original: a; original: b", "a; original: b"),
    ],
)  # fmt: skip
def test_our_words_stand_before_theirs_and_are_never_taken_for_theirs(
    written, ours, becomes, reason
):
    assert with_ours(ours, written) == becomes
    assert reason_without_ours(becomes) == reason
    assert reason_without_ours(written) in (written, "KeyError: 1", "stale")
