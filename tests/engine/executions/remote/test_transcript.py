"""The log of a job, read in parts by one worker or another."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from drain.engine.executions.remote import transcript as module
from drain.engine.executions.remote.transcript import Transcript
from drain.engine.process.output.events import StateEvent
from drain.policy.secrets import Mask

STATES = b"".join(
    b'DRAIN_REPORT {"event":"state","state":"%s"}\n' % state
    for state in (b"executing", b"gate", b"gate", b"ci_running", b"gate")
)


def transcript(folder: Path, known: int = 0) -> Transcript:
    return Transcript(folder, "job", Mask({b"s3cr3t": b"***"}), known)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_lines_of_a_report_are_found_however_the_log_is_cut(tmp_path: Path, size: int) -> None:
    read, found = transcript(tmp_path), []
    log = (
        b"hello s3cr3t\n"
        + STATES
        + b'xDRAIN_REPORT {}\nDRAIN_REPORT {"event":"outcome","outcome":"skipped"}'
    )
    for start in range(0, len(log), size):
        read.feed(log[start : start + size])
        found += [event.state for event in read.events() if isinstance(event, StateEvent)]
    kept, report = read.finish()
    assert found == ["executing", "gate", "gate", "ci_running", "gate"]
    assert (report.outcome, report.bad_count, report.doubt) == ("skipped", 0, None)
    assert zlib.decompress(kept.stored or b"") == log.replace(b"s3cr3t", b"***")
    assert not list(tmp_path.iterdir()), "nothing is left of it here"


@pytest.mark.parametrize(
    ("known", "left"),
    [(0, ["executing", "gate", "gate", "ci_running", "gate"]), (1, ["gate", "ci_running", "gate"]),
     (2, ["gate"]), (3, [])],
)  # fmt: skip
def test_states_that_another_worker_wrote_are_not_reported_again(
    tmp_path: Path, known: int, left: list[str]
) -> None:
    read = transcript(tmp_path, known)
    read.feed(STATES)
    assert list(read.finish()[1].states) == left


def test_a_log_without_end_is_cut_and_says_so_and_its_report_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 1000)
    read = transcript(tmp_path)
    read.feed(STATES + b"x" * 5000)
    assert (read.is_full, read.read) == (True, 1000)
    kept, report = read.finish()
    assert b"[drainsite: the log is longer than 1000 bytes" in zlib.decompress(kept.stored or b"")
    assert report.doubt == "retryable"
    silent = transcript(tmp_path)
    silent.feed(b"x" * 5000)
    assert silent.finish()[1].doubt is None, "what never reported has no report to be cut"


def test_a_line_longer_than_a_report_may_have_is_a_bad_one(tmp_path: Path) -> None:
    read = transcript(tmp_path)
    read.feed(b'DRAIN_REPORT {"event":"failure","reason":"' + b"x" * 70_000)
    read.feed(b"y" * 70_000 + b'"}\n')
    report = read.finish()[1]
    assert (report.failure, report.bad_count) == (None, 1)


def test_what_a_disk_does_not_take_is_in_doubt(tmp_path: Path) -> None:
    read = transcript(tmp_path)
    (tmp_path / "job.report.jsonl").mkdir()
    read.feed(STATES)
    report = read.finish()[1]
    assert report.doubt is not None
