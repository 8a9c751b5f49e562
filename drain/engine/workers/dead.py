"""Workers of this very machine that are gone, told at once and not by a lease that runs out.

A worker leaves in its folder who it is: pid, start time, PID namespace and boot of the machine. Together they
name one process for ever, so whoever reads them here knows whether it lives. What another machine wrote, or
an earlier boot, says nothing here: there the lease decides.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from drain.engine.process.contract import worker_prefix
from drain.engine.process.sweep import sweep
from drain.engine.process.tree import find_process, is_running

log = logging.getLogger(__name__)
IDENTITY = "process.json"
KEPT_RESULT = ".result.json"
_CLEAN_PASSES = 2
_PAUSE = 0.02
_WARDEN_SECONDS = 5.0


def folders() -> Path:
    """Return the folder that holds those of all workers of this installation on this machine."""
    return Path(settings.DATA_DIR) / "work"


def sign(folder: Path) -> None:
    """Write into a worker's folder which process it is; nothing where that cannot be told (no /proc)."""
    place, process = _place(), find_process(os.getpid())
    path = folder / IDENTITY
    if place is None or process is None:
        return
    # Threads of one worker may sign at the same moment.
    part = folder / f"{uuid4().hex}.part"
    part.write_text(json.dumps({**place, "pid": process.pid, "started": process.started}))
    part.replace(path)


def dead_workers() -> list[UUID]:
    """Return the workers of this machine whose process is gone."""
    return [worker for worker, folder in _signed() if _is_gone(folder)]


def end_left_behind(worker: UUID) -> int:
    """End what a dead worker left running; returns how many. Nothing of it runs here after that."""
    until = time.monotonic() + _WARDEN_SECONDS
    while _has_warden(worker) and time.monotonic() < until:
        time.sleep(_PAUSE)  # it knows more than cookies tell, and is at it
    ended = sweep(worker_prefix(worker), passes=_CLEAN_PASSES)
    if ended:
        log.warning("ended %s processes that worker %s had left behind", ended, worker.hex)
    return ended


def bury(worker: UUID) -> None:
    """Remove the folder of a dead worker, unless it holds results that are not in the books yet."""
    folder = folders() / worker.hex
    if not kept_results(folder):
        shutil.rmtree(folder, ignore_errors=True)


def kept_results(folder: Path) -> list[Path]:
    """Files of results in a worker's folder, in order; none where another rescue has just removed it."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a glob fails or not by the moment at which the folder goes
    except FileNotFoundError:
        return []
    return sorted(folder / name for name in names if name.endswith(KEPT_RESULT))


def _has_warden(worker: UUID) -> bool:
    mark = worker_prefix(worker).encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def _signed() -> Iterator[tuple[UUID, Path]]:
    try:
        names = sorted(os.listdir(folders()))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return
    for name in names:
        try:
            yield UUID(hex=name), folders() / name
        except ValueError:
            continue


def _is_gone(folder: Path) -> bool:
    try:
        said = json.loads((folder / IDENTITY).read_text())
        pid, started = int(said.pop("pid")), int(said.pop("started"))
    except Exception:  # noqa: BLE001 - whatever stands in it, it names no process that is certainly gone
        return False
    return said == _place() and not is_running(pid, started)


def _place() -> dict[str, str] | None:
    """Return what makes a pid mean something: this boot of this machine and this PID namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return {"boot": boot, "namespace": str(Path("/proc/self/ns/pid").readlink())}
    except OSError:
        return None
