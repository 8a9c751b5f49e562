"""The cost of many sleeping phases while they run: memory, statements, and the time of a stop.

    DRAINSITE_DATA=/tmp/scale python bench/scale.py [16 100 1000]

Starts `up --role worker --workers 2` with as many slots, drains as many phases of `sleep`, and measures while
all of them run. Memory is the sum of PSS of what drains (the stand-in, the cluster with its loops, the
wardens), and of all of `up` with its maintenance cluster; phases and PostgreSQL are not counted.
Statements are those in the embedded server's log of ten seconds: of the connections that the loops have (they
read the sessions, or renew), and of all. A stop is a cancelled drain, until no phase is left. Use a data
folder of its own, and `ulimit -n 1024` to see the cap.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.utils import timezone

from drain.engine.process.sweep import environment_of
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import cancel_session, start_session
from drain.models import Attempt, ExecutorProfile, Phase, Run
from drain.models.audit import Person
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.stopping.limits import Limits
from drainsite.postgres.layout import layout_of
from tests.hosts import Host, argv_of, until

SLEEP = "86399"
BENCH = Person("bench", Origin.COMMAND)
WATCH_SECONDS = 10
_STATEMENT = re.compile(r"\S+ \S+ UTC \[(\d+)\] LOG:  (?:statement|execute )")


def backlog(count: int) -> int:
    """A drain of `count` phases that only sleep; returns the session."""
    stamp = f"scale-{time.time_ns()}"
    profile, _ = ExecutorProfile.objects.get_or_create(
        name="scale", defaults={"argv": ["/bin/sleep", SLEEP]}
    )
    # A run each: of one run nothing else starts until its sample has ended.
    runs = Run.objects.bulk_create(
        Run(run_id=f"{stamp}-{number}", executor=profile, order=Order.INDEPENDENT)
        for number in range(count)
    )
    Phase.objects.bulk_create(
        Phase(run=run, phase_id="phase", phase_index=0, state=PhaseState.FAILED) for run in runs
    )
    limits = Limits(batch_size=count, parallel=count)
    asked = DrainRequest(
        SessionScope(run_ids=tuple(run.run_id for run in runs)),
        limits,
        "bench",
        Origin.COMMAND,
        inline=False,
    )
    session = create_session(asked, timezone.now())
    start_session(session)
    return session.pk


@contextmanager
def statements_logged() -> Iterator[Path]:
    """Have the server of this data folder write each statement to its log."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET log_statement = 'all'")
        cursor.execute("SELECT pg_reload_conf()")
    try:
        yield layout_of(Path(settings.DATA_DIR)).log
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER SYSTEM RESET log_statement")
            cursor.execute("SELECT pg_reload_conf()")


def statements(log: Path, begin: int) -> tuple[int, int]:
    """Return how many statements the loops sent since that byte of the log, and how many all did."""
    counts: Counter[str] = Counter()
    loops: set[str] = set()
    with log.open(errors="replace") as lines:
        lines.seek(begin)
        backend = ""
        for line in lines:
            if found := _STATEMENT.match(line):
                backend = found[1]
                counts[backend] += 1
            if "AS host_stopped" in line or "UPDATE drain_workerloop" in line:
                loops.add(backend)
    return sum(counts[each] for each in loops), counts.total()


def measure(count: int) -> str:
    """One line about `count` phases in flight."""
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    arguments = ("up", "--role", "worker", "--workers", "2")
    host = Host(*arguments, folder=folder, DRAIN_SLOTS=str(count))
    try:
        until(host.workers, 60, host)
        session = backlog(count)
        started, running = time.monotonic(), 0
        while running < count and time.monotonic() - started < 60:
            time.sleep(1)
            running = Attempt.objects.filter(finished_at=None).count()
        with statements_logged() as log:
            time.sleep(1)
            begin = log.stat().st_size
            time.sleep(WATCH_SECONDS)
            of_loops, of_all = (each / WATCH_SECONDS for each in statements(log, begin))
        ours = [pid for pid in [host.process.pid, *host.pids()] if _is_ours(pid)]
        drains, memory = (sum(map(_pss, pids)) for pids in (filter(_drains, ours), ours))
        running = len(host.pids(SLEEP))
        began = time.monotonic()
        cancel_session(session, BENCH)
        until(lambda: not host.pids(SLEEP), 120, host)
        stop = time.monotonic() - began
        host.end()
    finally:
        host.clear()
    sizes = f"{count:>6,} {running:>8,} {drains:>10.0f} {memory:>7.0f}"
    return f"{sizes} {of_loops:>17.1f} {of_all:>13.1f} {stop:>7.1f}"


def _is_ours(pid: int) -> bool:
    return SLEEP not in argv_of(pid) and "postgres" not in argv_of(pid)


def _drains(pid: int) -> bool:
    """Return whether it is of the drain cluster:
    its stand-in, main process, sentinel, loops and their wardens.
    """
    return b"Q_CLUSTER_NAME=drain\0" in environment_of(pid) or "sweep.py" in argv_of(pid)


def _pss(pid: int) -> float:
    """MB that a process holds, shared pages in parts."""
    try:
        text = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(text.partition("\nPss:")[2].split()[0]) / 1024


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phases", nargs="*", type=int, metavar="PHASES", default=[16, 100, 1_000])
    options = parser.parse_args()
    sizes = f"{'asked':>6} {'running':>8} {'drains MB':>10} {'all MB':>7}"
    print(f"{sizes} {'statements/s loops':>18} {'of all':>12} {'stop s':>7}")
    for count in options.phases:
        print(measure(count), flush=True)


if __name__ == "__main__":
    main()
