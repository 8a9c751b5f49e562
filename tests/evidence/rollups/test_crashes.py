"""Totals are exact whenever a worker's connection dies."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import random
import threading
import time
import uuid

import pytest
from django.db import Error, connection, transaction

from drain.evidence.rollups import fold
from drain.evidence.rollups.verify import check, rebuild
from drain.models import Attempt, Phase
from drain.models.transitions.attempts import Finish, Start, finish_attempts, start_attempts
from tests.factories import PhaseFactory, RunFactory


class _Drainer(threading.Thread):
    """Starts and finishes attempts of its phases until told to stop; survives its connection."""

    def __init__(self, phases, seed):
        super().__init__(daemon=True)
        self.phases, self.random = phases, random.Random(seed)
        self.enough = threading.Event()
        self.backend, self.crashes, self.steps, self.goal = 0, 0, 0, 1

    def run(self):
        while not self.enough.is_set():
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    self.backend = cursor.fetchone()[0]
                while not self.enough.is_set():
                    self.drain(self.random.choice(self.phases))
                    self.steps += 1
            except Error:
                self.crashes += 1
                connection.close()
        connection.close()

    def drain(self, pk):
        with transaction.atomic():
            opened = (
                Attempt.objects.filter(phase=pk, finished_at=None)
                .values_list("pk", "lease")
                .first()
            )
            if opened is None:
                seen, state = Phase.objects.values_list("attempts", "state").get(pk=pk)
                start = Start(pk, state, seen, None, None, None, uuid.uuid4(), 60)
                start_attempts([start], worker="w", loop=uuid.uuid4())
                return
            outcome = self.random.choice(["complete", "failed", "timeout"])
            end = Finish(
                *opened, outcome, "FAILED", telemetry=self.random.randrange(3),
                fingerprint="" if outcome == "complete" else self.random.choice("ab"),
            )  # fmt: skip
            finish_attempts([end], actor="w")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("crashes", [25, pytest.param(200, marks=pytest.mark.verify)])
def test_totals_equal_a_recount_after_crashes_in_the_middle_of_finishing_attempts(crashes: int):
    run = RunFactory(max_parallel=9)
    drainers = [_Drainer([PhaseFactory(run=run).pk for _ in range(3)], seed) for seed in range(4)]
    for drainer in drainers:
        drainer.start()
    dice, deadline = random.Random(7), time.monotonic() + 300
    while sum(drainer.crashes for drainer in drainers) < crashes:
        assert time.monotonic() < deadline, [drainer.crashes for drainer in drainers]
        ready = [drainer for drainer in drainers if drainer.steps >= drainer.goal]
        if not ready:
            time.sleep(0.001)
            continue
        victim = dice.choice(ready)
        victim.goal = victim.steps + dice.randrange(1, 3)
        time.sleep(dice.random() * 0.004)  # where in its next step the crash hits is left to chance
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s) WHERE %s > 0", [victim.backend] * 2)
        if dice.random() < 0.1:
            fold.fold(limit=dice.randrange(1, 50))
    for drainer in drainers:
        drainer.enough.set()
        drainer.join()
    assert Attempt.objects.filter(finished_at__isnull=False).count() > crashes / 4
    assert check().differences == ()
    while fold.fold().attempts:
        pass
    rebuild()
    assert check().differences == ()
