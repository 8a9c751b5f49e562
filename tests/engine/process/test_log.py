"""Output may be any bytes and any amount; what is kept is bounded, safe text."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from drain.engine.process.output import spool
from drain.engine.process.output.log import MEMORY_LIMIT, STORED_LIMIT, LogSink
from drain.engine.process.output.text import LINE_LIMIT, safe_text


@pytest.fixture
def sink(tmp_path: Path) -> LogSink:
    return LogSink(tmp_path, "claim")


def test_a_small_log_is_stored_whole_and_makes_no_file(sink, tmp_path):
    sink.feed(b"hello\n")
    summary = sink.finish()
    assert zlib.decompress(summary.stored) == b"hello\n"
    assert (summary.tail, summary.head, summary.error_input) == ("hello\n", "", "hello\n")
    assert list(tmp_path.iterdir()) == []


def test_silence_is_an_empty_log(sink):
    assert sink.finish().stored == b""


def test_what_does_not_compress_becomes_a_file(sink):
    noise = os.urandom(STORED_LIMIT * 2)
    sink.feed(noise)
    summary = sink.finish()
    assert summary.stored is None
    assert summary.path.read_bytes() == noise


def test_a_large_log_is_a_file_that_holds_every_byte(sink):
    data = b"".join(b"line %d\n" % n for n in range(200_000))
    for start in range(0, len(data), 65_536):
        sink.feed(data[start : start + 65_536])
    summary = sink.finish()
    assert summary.path.read_bytes() == data
    assert summary.head.startswith("line 0\n")
    assert summary.tail.endswith("line 199999\n")
    assert len(summary.error_input) < MEMORY_LIMIT + 100
    assert "bytes left out" in summary.error_input


def test_a_file_beyond_its_limit_keeps_both_ends_in_order(sink, monkeypatch):
    monkeypatch.setattr(spool, "HEAD_LIMIT", 100_000)
    monkeypatch.setattr(spool, "RING_LIMIT", 300_000)
    monkeypatch.setattr(spool, "FILE_LIMIT", 400_000)
    data = b"".join(b"%07d\n" % n for n in range(125_000))
    for start in range(0, len(data), 30_000):
        sink.feed(data[start : start + 30_000])
    notice = b"\n[... 600000 bytes left out ...]\n"
    assert sink.finish().path.read_bytes() == data[:100_000] + notice + data[-300_000:]


def test_a_disk_that_takes_nothing_costs_the_file_alone(tmp_path):
    sink = LogSink(tmp_path / "missing", "claim")
    sink.feed(os.urandom(MEMORY_LIMIT * 2))
    summary = sink.finish()
    assert summary.path is None
    assert summary.stored is not None
    assert len(summary.stored) <= STORED_LIMIT
    assert b"bytes left out" in zlib.decompress(summary.stored)


def test_the_live_tail_is_lines_of_bounded_length(sink):
    sink.feed(b"a\nb\r\n" + b"x" * 10_000)
    first, second, last = sink.tail_lines(3)
    assert (first, second, len(last)) == ("a", "b", LINE_LIMIT)
    assert sink.tail_lines(1) == [last]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\0\0b", "a\ufffdb"),
        (b"\xff\xc3", "\ufffd\ufffd"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        (b"10%\r20%\r\nend", "10%\n20%\nend"),
        (b"\x1b", ""),
        (b"tab\tkept\n", "tab\tkept\n"),
    ],
)
def test_bytes_become_text_that_can_be_stored_and_shown(data, text):
    assert safe_text(data) == text


@pytest.mark.parametrize(
    "piece", [b"\x1b[", b"\x1b]", b"\x1b]x", b"\x1b[1;", b"\0", b"\r", b"\x1b "]
)
def test_no_bytes_take_long_to_clean(piece):
    assert len(safe_text(piece * (MEMORY_LIMIT // len(piece)))) <= MEMORY_LIMIT
