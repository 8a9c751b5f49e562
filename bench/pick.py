"""The time to choose and start the next phase, in drains over ever more runs.

    python bench/pick.py [RUNS ...] [--phases 5]

Each drain has its runs with some failed phases each. For every start the time of the pick (which candidate is
next, may it start) and of the start itself is taken; no child is run, the attempt ends at once. Milliseconds
of 300 starts: they must not grow with the backlog. A million candidates take a few minutes to make.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")

import django

django.setup()

from django.db import connection, transaction
from django.utils import timezone

from drain.db.prepared import plan_once
from drain.engine.attempts.books import lock_sessions, write_sessions
from drain.engine.attempts.claim import Claimer
from drain.engine.attempts.context import HostContext, SessionContext
from drain.engine.attempts.finish import finish
from drain.engine.attempts.pace import Pace
from drain.engine.attempts.started import AttemptResult, EndedAttempt
from drain.engine.process.outcome import Decision
from drain.engine.sessions.opening import open_session
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import ExecutorProfile, Phase, Run
from drain.models.vocabulary import Order, Origin, PhaseState
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits

STARTS = 300
COMPLETE = AttemptResult(Decision(Outcome.COMPLETE, "", "", 1, "", reached_limit_boundary=False), 0)


def drain_over(runs: int, phases: int) -> SessionContext:
    """A session that has begun, over fresh runs of failed phases."""
    stamp = f"pick-{time.time_ns()}"
    profile = ExecutorProfile.objects.create(name=stamp, argv=["/bin/true"])
    made = Run.objects.bulk_create(
        (
            Run(run_id=f"{stamp}-{number}", executor=profile, order=Order.INDEPENDENT)
            for number in range(runs)
        ),
        batch_size=2000,
    )
    Phase.objects.bulk_create(
        (
            Phase(run=run, phase_id=f"phase-{index}", phase_index=index, state=PhaseState.FAILED)
            for run in made
            for index in range(phases)
        ),
        batch_size=5000,
    )
    scope = SessionScope(run_ids=tuple(run.run_id for run in made))
    limits = Limits(batch_size=runs * phases)
    session = create_session(
        DrainRequest(scope, limits, "bench", Origin.COMMAND, inline=True), timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    open_session(session.pk, HostContext())
    return SessionContext.of(session)


def one(claimer: Claimer, context: SessionContext) -> float:
    """Start the next phase and end it; milliseconds of the start."""
    contexts = {context.session: context}
    with transaction.atomic():
        started = time.perf_counter()
        books = lock_sessions([context.session])
        begun = claimer.claim(books[context.session], context, 1)
        write_sessions(books.values())
        spent = time.perf_counter() - started
    with transaction.atomic():
        books = lock_sessions([context.session])
        ends = [EndedAttempt(each, COMPLETE) for each in begun]
        if not finish(ends, books, contexts, "bench"):
            sys.exit("Nothing could be started.")
        write_sessions(books.values())
    return spent * 1000


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "runs", nargs="*", type=int, metavar="RUNS", default=[200, 2_000, 20_000, 200_000]
    )
    parser.add_argument("--phases", type=int, default=5)
    options = parser.parse_args()
    contexts = [drain_over(runs, options.phases) for runs in options.runs]
    plan_once()
    host = HostContext()
    host.refresh()
    claimer = Claimer(host, uuid4(), Pace(host))
    spent: list[list[float]] = [[] for _ in contexts]
    # In turns: whatever else the machine does falls on all sizes alike.
    for _ in range(min(STARTS, min(options.runs) * options.phases)):
        for context, times in zip(contexts, spent, strict=True):
            times.append(one(claimer, context))
    print(f"{'runs':>8} {'candidates':>11} {'median ms':>10} {'p95 ms':>8} {'of the first':>13}")
    first = 0.0
    for runs, times in zip(options.runs, spent, strict=True):
        times.sort()
        high = times[int(len(times) * 0.95)]
        first = first or high
        line = f"{runs:>8,} {runs * options.phases:>11,} {statistics.median(times):>10.2f}"
        print(f"{line} {high:>8.2f} {high / first:>13.2f}")


if __name__ == "__main__":
    main()
