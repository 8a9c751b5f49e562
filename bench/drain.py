"""Phases per second with full book-keeping, beside the bare loop (spawn plus one durable INSERT) of the same run.

    python bench/drain.py [--phases 2000] [--workers 2] [--rounds 3]

Every phase is a real /bin/true. Full books: attempt, two transitions, state and attempt deltas, counters of the
session and of the run, log. Medians over the rounds; the ratio is what counts, seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")

import django

django.setup()

from django.db import connection, transaction
from django.utils import timezone

from drain.engine.loop import drain
from drain.engine.sessions.planning import Asked, create_session
from drain.engine.sessions.scope import SessionScope
from drain.engine.workers.slots import make_places
from drain.models import ExecutorProfile, Phase, Run
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.limits import Limits

RUNS = 40


def backlog(phases: int, chunk: int) -> int:
    """A fresh backlog of /bin/true phases and a session over it; returns the session."""
    stamp = f"bench-{time.time_ns()}"
    # One profile for all rounds: a pick looks at every profile of its host, and sites have a handful.
    profile, _ = ExecutorProfile.objects.get_or_create(
        name=f"bench-{chunk}", defaults={"argv": ["/bin/true"], "chunk": chunk}
    )
    runs = Run.objects.bulk_create(
        Run(
            run_id=f"{stamp}-{number}",
            executor=profile,
            order=Order.INDEPENDENT,
            max_parallel=max(chunk, 2),
        )
        for number in range(RUNS)
    )
    Phase.objects.bulk_create(
        (
            Phase(
                run=runs[number % RUNS],
                phase_id=f"phase-{number}",
                phase_index=number // RUNS,
                state=PhaseState.FAILED,
            )
            for number in range(phases)
        ),
        batch_size=2000,
    )
    scope = SessionScope(run_ids=tuple(run.run_id for run in runs))
    limits = Limits(batch_size=phases, parallel=2)
    asked = Asked(scope, limits, "bench", Origin.COMMAND, inline=True)
    session = create_session(asked, timezone.now())
    make_places(session.pk, 64)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return session.pk


def bare(count: int) -> None:
    """The ceiling: start a process, wait for it, write one durable row."""
    for _ in range(count):
        process = subprocess.Popen(["/bin/true"], start_new_session=True)
        process.wait()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_row (code) VALUES (%s)", [process.returncode])


def timed(role: str, workers: int, *arguments: str) -> tuple[float, float]:
    """Seconds that `workers` processes of this script need from a common start, and MB that the largest held."""
    children = [
        subprocess.Popen(
            [sys.executable, __file__, "--role", role, "--slot", str(slot), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for slot in range(workers)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    started = time.time()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    ends = [child.communicate()[0].split() for child in children]
    return max(float(end) for end, _ in ends) - started, max(float(peak) for _, peak in ends)


def work(arguments: argparse.Namespace) -> None:
    """One worker process: prints when it was done, and the most memory it held in MB."""
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    if arguments.role == "bare":
        bare(arguments.phases)
    else:
        drain(arguments.session, arguments.slot, slice_seconds=None)
    print(time.time(), _peak())


def _peak() -> float:
    """The most memory this program held, MB; getrusage would count what its parent held before the exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def memory(count: int) -> None:
    """The most memory a worker of its own held over ever more phases of one drain."""
    for phases in (count // 10, count // 2, count):
        _, peak = timed("drain", 1, "--session", str(backlog(phases, 1)))
        print(f"peak memory of a worker over {phases:>7,} phases: {peak:.1f} MB")


def compare(phases: int, workers: int, rounds: int) -> None:
    """The table: bare loop, one start at a time, chunks of ten."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, code int)")
    rates: dict[str, list[float]] = {"bare": [], "one at a time": [], "chunks of 10": []}
    for _ in range(rounds):
        share = phases // workers
        seconds, _ = timed("bare", workers, "--phases", str(share))
        rates["bare"].append(share * workers / seconds)
        for name, chunk in (("one at a time", 1), ("chunks of 10", 10)):
            session = backlog(phases, chunk)
            seconds, _ = timed("drain", workers, "--session", str(session))
            rates[name].append(phases / seconds)
    bare_rate = statistics.median(rates["bare"])
    print(f"{phases:,} phases, {workers} processes, median of {rounds}")
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:>14}: {rate:7.0f} phases/s  {rate / bare_rate:5.0%} of bare")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, metavar="PHASES", help="measure memory instead")
    parser.add_argument("--role", choices=["bare", "drain"], help=argparse.SUPPRESS)
    parser.add_argument("--session", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--slot", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role:
        work(arguments)
    elif arguments.memory:
        memory(arguments.memory)
    else:
        compare(arguments.phases, arguments.workers, arguments.rounds)


if __name__ == "__main__":
    main()
