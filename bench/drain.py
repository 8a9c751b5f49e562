"""Phases per second with full book-keeping, beside the bare loop (spawn plus one durable INSERT) of the same
run.

    python bench/drain.py [--phases 2000] [--workers 2] [--rounds 5] [--slots 1 4 16]

Every phase is a real /bin/true. Full books: attempt, two transitions, state and attempt deltas, counters of
the session and of the run, log. Medians over the rounds; the ratio is what counts, seconds depend on the
machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")

import django

django.setup()

from django.db import connection, transaction
from django.utils import timezone

from drain.engine.loop import Loop
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import DrainSession, ExecutorProfile, Phase, Run
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.stopping.limits import Limits

RUNS = 40


def backlog(phases: int, parallel: int) -> int:
    """A fresh backlog of /bin/true phases and a session over it; returns the session."""
    stamp = f"bench-{time.time_ns()}"
    # One profile for all rounds: a claim looks at every profile of its host, and sites have a handful.
    profile, _ = ExecutorProfile.objects.get_or_create(
        name="bench", defaults={"argv": ["/bin/true"]}
    )
    runs = Run.objects.bulk_create(
        Run(
            run_id=f"{stamp}-{number}",
            executor=profile,
            order=Order.INDEPENDENT,
            max_parallel=max(parallel, 2),
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
    limits = Limits(batch_size=phases, parallel=parallel)
    asked = DrainRequest(scope, limits, "bench", Origin.COMMAND, inline=True)
    session = create_session(asked, timezone.now())
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


@dataclass(frozen=True, slots=True)
class Spent:
    """The time and memory of one or several workers:
    seconds from a common start to the end of what they did, MB of the largest, and seconds of CPU.
    """

    seconds: float
    peak: float
    worker: float
    database: float
    """Of the server's process that each worker is connected to; of no other of the server's."""
    children: float


def timed(role: str, workers: int, *arguments: str) -> Spent:
    """Run `workers` processes of this script from a common start to their ends."""
    children = [
        subprocess.Popen(
            [sys.executable, __file__, "--role", role, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(workers)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    started = time.time()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    ends = [[float(word) for word in child.communicate()[0].split()] for child in children]
    until, peaks, *cpu = zip(*ends, strict=True)
    return Spent((session_end(arguments) or max(until)) - started, max(peaks), *map(sum, cpu))


def session_end(arguments: Sequence[str]) -> float | None:
    """Return the moment at which the drain itself says it ended:
    its workers leave at their next look, up to 0.25 s later.
    """
    if "--session" not in arguments:
        return None
    session = DrainSession.objects.get(pk=int(arguments[arguments.index("--session") + 1]))
    assert session.ended_at is not None
    return session.ended_at.timestamp()


def work(arguments: argparse.Namespace) -> None:
    """One worker process: prints when it was done, the most memory it held in MB,
    and the CPU seconds of `Spent`.
    """
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    print("ready", flush=True)
    sys.stdin.readline()
    before = _cpu(backend)
    if arguments.role == "bare":
        bare(arguments.phases)
    else:
        Loop(arguments.slots[0], session=arguments.session).run()
    done = time.time()
    spent = [after - start for after, start in zip(_cpu(backend), before, strict=True)]
    print(done, _peak(), *spent)


def _cpu(backend: int) -> tuple[float, float, float]:
    """Seconds of CPU so far: of this process, of its process of a server on this machine,
    of its ended children.
    """
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return (
        own.ru_utime + own.ru_stime,
        ticks / os.sysconf("SC_CLK_TCK"),
        children.ru_utime + children.ru_stime,
    )


def _peak() -> float:
    """The most memory this program held, MB; getrusage would count what its parent held before the exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def memory(count: int) -> None:
    """The most memory a worker of its own held over ever more phases of one drain."""
    for phases in (count // 10, count // 2, count):
        spent = timed("drain", 1, "--slots", "4", "--session", str(backlog(phases, 4)))
        print(f"peak memory of a worker over {phases:>7,} phases: {spent.peak:.1f} MB", flush=True)


def compare(phases: int, workers: int, rounds: int, slots: list[int]) -> None:
    """The table: bare loop, then ever more slots a worker."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, code int)")
    names = ["bare", *(f"{each} slots" for each in slots)]
    rates: dict[str, list[float]] = {name: [] for name in names}
    costs: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, each in zip(names, [0, *slots], strict=True):
            if each:
                session = str(backlog(phases, each * workers))
                spent = timed("drain", workers, "--session", session, "--slots", str(each))
            else:
                spent = timed("bare", workers, "--phases", str(phases // workers))
            rates[name].append(phases / spent.seconds)
            parts = (spent.worker, spent.database, spent.children)
            costs[name].append([part / phases * 1000 for part in (*parts, sum(parts))])
    bare_rate = statistics.median(rates["bare"])
    print(f"{phases:,} phases, {workers} processes, median of {rounds}; ms of CPU a phase")
    print(
        f"{'':>10} {'phases/s':>9} {'of bare':>8} {'worker':>7} {'database':>9} {'child':>6} {'all':>6}"
    )
    for name in names:
        rate = statistics.median(rates[name])
        worker, database, child, total = map(statistics.median, zip(*costs[name], strict=True))
        each_part = f"{worker:>7.2f} {database:>9.2f} {child:>6.2f} {total:>6.2f}"
        print(f"{name:>10} {rate:>9.0f} {rate / bare_rate:>8.0%} {each_part}")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--memory", type=int, metavar="PHASES", help="measure memory instead")
    parser.add_argument("--role", choices=["bare", "drain"], help=argparse.SUPPRESS)
    parser.add_argument("--session", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role:
        work(arguments)
    elif arguments.memory:
        memory(arguments.memory)
    else:
        compare(arguments.phases, arguments.workers, arguments.rounds, arguments.slots)


if __name__ == "__main__":
    main()
