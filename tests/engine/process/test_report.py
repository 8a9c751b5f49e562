"""A report may be anything: what can be read is read, what cannot is counted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from drain.engine.process.output.events import (
    FailureEvent,
    OutcomeEvent,
    ProgressEvent,
    Report,
    StateEvent,
    TelemetryEvent,
)
from drain.engine.process.output.report import (
    BAD_LINES_KEPT,
    LINE_COUNT_LIMIT,
    LINE_LIMIT,
    STATES_KEPT,
    TELEMETRY_KEPT,
    ReportReader,
    cut,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report"


def read(path: Path, content: bytes) -> Report:
    path.write_bytes(content)
    return ReportReader(path).finish()


def test_no_file_is_an_empty_report(path):
    assert ReportReader(path).finish() == Report()


def test_events_arrive_while_the_phase_writes_them(path):
    reader = ReportReader(path)
    assert reader.poll() == []
    with path.open("a") as file:
        file.write('{"event":"state","state":"gate"}\n{"event":"progress","percent":50,"mess')
        file.flush()
        assert reader.poll() == [StateEvent("gate")]
        file.write(
            'age":"half"}\n{"event":"failure","reason":"no"}\n{"event":"telemetry","kind":"k","n":1}\n'
        )
        file.write('{"event":"outcome","outcome":"failed"}')
        file.flush()
        assert reader.poll() == [
            ProgressEvent(50.0, "half"),
            FailureEvent("no"),
            TelemetryEvent("k", {"n": 1}),
        ]
    report = reader.finish()
    assert (report.outcome, report.failure, report.state, report.telemetry_count) == (
        "failed",
        "no",
        "gate",
        1,
    )


def test_the_last_line_counts_without_its_newline(path):
    assert read(path, b'{"event":"outcome","outcome":"skipped"}').outcome == "skipped"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"garbage", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 60_000, "not valid JSON"),
        (b"9" * 5000, "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "its event is none of"),
        (b'{"event":["x"]}', "its event is none of"),
        (b'{"event":"state","state":"COMPLETE"}', "its state is none of"),
        (b'{"event":"outcome","outcome":7}', "its outcome is none of"),
        (b'{"event":"failure","reason":" "}', "without a reason"),
        (b'{"event":"failure","reason":{}}', "its reason is no text"),
        (b'{"event":"progress","percent":"5"}', "percent is no number"),
        (b'{"event":"progress","percent":1e400}', "percent is not between"),
        (b'{"event":"telemetry","kind":"k","x":1e400}', "a number out of range"),
        (b'{"event":"telemetry","kind":"k","x":NaN}', "not valid JSON"),
        (b'{"event":"telemetry","kind":"k","x":[[[[[[[1]]]]]]]}', "more than"),
        (b"x" * (LINE_LIMIT + 1), "longer than"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_harms_nothing(path, line, what):
    report = read(path, b'{"event":"telemetry"}\n\n' + line + b'\n{"event":"telemetry"}\n')
    assert report.bad_count == 1
    assert report.bad_lines[0].startswith("line 3: ")
    assert what in report.bad_lines[0]
    assert report.telemetry_count == 2


def test_one_endless_line_is_one_bad_line(path):
    report = read(path, b"x" * 3_000_000 + b'\n{"event":"telemetry"}\n')
    assert (report.bad_count, report.telemetry_count) == (1, 1)


def test_the_end_of_an_endless_line_is_no_line_of_its_own(path):
    """Wherever the blocks part in which it is read."""
    report = read(path, b"x" * (4 * 256 * 1024) + b'{"event":"telemetry"}\n')
    assert (report.telemetry_count, report.bad_count) == (0, 1)
    assert "longer than" in report.bad_lines[0]


def test_the_first_bad_lines_are_named_and_all_are_counted(path):
    report = read(path, b"garbage\n" * (BAD_LINES_KEPT + 5))
    assert report.bad_count == BAD_LINES_KEPT + 5
    assert [line.split(":")[0] for line in report.bad_lines] == [
        f"line {number}" for number in range(1, BAD_LINES_KEPT + 1)
    ]


def test_of_very_many_states_the_first_are_kept_and_the_last_stands(path):
    gate, executing = (
        b'{"event":"state","state":"%s"}\n' % name for name in (b"gate", b"executing")
    )
    report = read(path, gate * (STATES_KEPT + 5) + executing)
    assert report.states == ("gate",) * STATES_KEPT
    assert report.state == "executing"


def test_text_can_be_stored_in_postgresql(path):
    line = json.dumps({"event": "telemetry", "kind": "a\0b", "x\0": "\ud800"}).encode()
    event = read(path, line).telemetry[0]
    assert (event.kind, dict(event.fields)) == ("a\ufffdb", {"x\ufffd": "\ufffd"})


def test_a_huge_report_is_read_to_a_limit(path):
    line = b'{"event":"telemetry"}\n'
    report = read(path, line * (LINE_COUNT_LIMIT + 10))
    assert report.telemetry_count == LINE_COUNT_LIMIT
    assert len(report.telemetry) == TELEMETRY_KEPT
    assert "more than 50000 lines" in (report.problem or "")
    assert "8388608 bytes" in (read(path, b"x" * 9_000_000).problem or "")


FAILED = b'{"event":"outcome","outcome":"failed"}\n'


def test_how_a_phase_ended_is_found_at_the_end_of_a_report_that_is_too_long(path):
    for filler in (b'{"event":"telemetry"}\n' * (LINE_COUNT_LIMIT + 10), b"x" * 9_000_000 + b"\n"):
        report = read(path, filler + FAILED)
        assert (report.outcome, report.doubt) == ("failed", None)
        assert report.problem


@pytest.mark.parametrize("content", [b"x" * 9_000_000, b'{"event":"outcome","outcome":"fai'])
def test_a_report_that_does_not_tell_how_the_phase_ended_leaves_a_doubt(path, content):
    report = read(path, content)
    assert report.problem
    assert report.doubt == "failed"


def test_a_file_that_is_no_longer_the_reports_own_is_not_emptied(path, tmp_path):
    path.write_bytes(FAILED)
    reading = os.open(path, os.O_RDONLY)
    other = tmp_path / "other"
    other.write_text("somebody's")
    path.unlink()
    for put in (path.symlink_to, path.hardlink_to):
        put(other)
        cut(path, reading)
        assert other.read_text() == "somebody's"
        path.unlink()
    path.write_bytes(FAILED)
    cut(path, reading)
    assert path.read_bytes() == FAILED
    os.close(reading)


def test_a_report_written_anew_is_read_anew(path):
    reader = ReportReader(path)
    path.write_text('{"event":"state","state":"executing"}\n')
    reader.poll()
    path.write_text('{"event":"state","state":"gate"}\n')
    assert reader.finish().state == "gate"


def test_a_link_is_not_followed(path, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text('{"event":"failure","reason":"secret"}')
    path.symlink_to(secret)
    report = ReportReader(path).finish()
    assert report.failure is None
    assert report.problem


def test_a_second_name_of_another_file_is_not_read(path, tmp_path):
    (tmp_path / "secret").write_text('{"event":"failure","reason":"secret"}\n')
    path.hardlink_to(tmp_path / "secret")
    report = ReportReader(path).finish()
    assert report.failure is None
    assert report.problem


def test_a_fifo_does_not_block(path):
    os.mkfifo(path)
    assert "no regular file" in (ReportReader(path).finish().problem or "")


def test_a_folder_is_no_report(path):
    path.mkdir()
    assert ReportReader(path).finish().problem


def test_an_outcome_event_is_an_event(path):
    path.write_text('{"event":"outcome","outcome":"Complete"}\n')
    reader = ReportReader(path)
    assert reader.poll() == [OutcomeEvent("complete")]
    reader.finish()
