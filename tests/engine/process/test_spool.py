"""The file of a log: bounded, its own and nobody else's, and gone where a disk broke in the middle of it."""

from __future__ import annotations

import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drain.engine.process.output import spool
from drain.engine.process.output.spool import LogSpool
from drain.engine.process.output.text import cut_notice


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("HEAD_LIMIT", 4), ("RING_LIMIT", 6), ("FILE_LIMIT", 10), ("_BLOCK", 3)):
        monkeypatch.setattr(spool, name, size)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may become longer than this: the kernel refuses it as a full disk refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [1, 9, 10, 11, 16, 17, 40])
@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_the_beginning_and_the_end_are_kept_in_order(
    small: None, tmp_path: Path, size: int, at_once: int
) -> None:
    text = bytes(range(size))
    log = LogSpool(tmp_path / "log")
    for start in range(0, size, at_once):
        log.write(text[start : start + at_once])
    assert log.close()
    kept = text if size <= 10 else text[:4] + cut_notice(size - 10) + text[-6:]
    assert (tmp_path / "log").read_bytes() == kept
    assert list(tmp_path.iterdir()) == [tmp_path / "log"]


def test_a_log_is_for_nobody_else(small: None, tmp_path: Path) -> None:
    for name, text in (("short", b"x"), ("long", b"x" * 50)):
        log = LogSpool(tmp_path / name)
        log.write(text)
        log.close()
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_what_stands_in_its_place_is_not_written_to(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    other, path = tmp_path / "other", tmp_path / "log"
    other.write_text("somebody's")
    link(path, other)
    log = LogSpool(path)
    log.write(b"x")
    assert not log.close()
    assert other.read_text() == "somebody's"


def test_a_link_to_nothing_makes_no_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    log = LogSpool(tmp_path / "log")
    log.write(b"x")
    assert not log.close()
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_that_fills_up_in_the_middle_leaves_no_half_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogSpool(path)
    with disk_of(10):
        log.write(b"0123456789")
        log.write(b"more")
    log.write(b"room again")
    assert path.read_bytes() == b"0123456789"
    assert not log.close()
    assert not path.exists()


def test_a_log_that_cannot_be_put_in_order_is_none(small: None, tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogSpool(path)
    log.write(bytes(40))
    path.with_suffix(".part").mkdir()
    assert not log.close()
    assert not path.exists()


def test_a_log_of_nothing_is_no_file(tmp_path: Path) -> None:
    assert not LogSpool(tmp_path / "log").close()
    assert list(tmp_path.iterdir()) == []
