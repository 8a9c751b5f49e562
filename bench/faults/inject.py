"""The faults: each does its harm to a site and says whether there was anything to harm."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

from bench.faults.site import Site
from drainsite import postgres

Fault = Callable[[Site, random.Random, float], bool]


def kill(*pids: int) -> bool:
    """Kill what is there; False if nothing was."""
    done = False
    for pid in pids:
        if pid > 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                done = True
    return done


def worker(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill a worker that drains."""
    found = site.workers()
    return kill(dice.choice(found)) if found else False


def both_workers(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill all workers at once."""
    return kill(*site.workers())


def worker_and_warden(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill all workers with their wardens."""
    return kill(*site.wardens(), *site.workers())


def warden(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the wardens alone."""
    return kill(*site.wardens())


def sentinel(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the sentinel of the drain cluster."""
    return kill(site.sentinel())


def cluster(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the main process of the drain cluster."""
    return kill(site.cluster())


def stand_in(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the stand-in of the drain cluster."""
    return kill(site.stand_in("drain"))


def maintenance(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the main process of the maintenance cluster."""
    return kill(site.cluster("maintenance"))


def web(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the web server."""
    return kill(site.web())


def up(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill `up` itself and start it again."""
    done = kill(site.up_pid())
    site.wait_for_up()
    site.start()
    return done


def stop_worker(site: Site, dice: random.Random, lease: float) -> bool:
    """Stop a worker for longer than its lease, then let it go on."""
    found = site.workers()
    if not found:
        return False
    chosen = dice.choice(found)
    try:
        os.kill(chosen, signal.SIGSTOP)
        time.sleep(1.7 * lease)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen, signal.SIGCONT)
    return True


def postmaster(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill the server; whoever needs it next starts it again."""
    running = postgres.status(site.folder / "data")
    return kill(running.pid) if running else False


def backend(site: Site, dice: random.Random, lease: float) -> bool:
    """Kill one backend, upon which the server ends all the others."""
    found = site.rows(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return kill(dice.choice(found)[0]) if found else False


def connections(site: Site, dice: random.Random, lease: float) -> bool:
    """Cut every connection."""
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return bool(site.rows(cut)[0][0])


def read_only(site: Site, dice: random.Random, lease: float) -> bool:
    """Take no writes for two seconds."""
    site.rows("ALTER SYSTEM SET default_transaction_read_only = on")
    site.rows("SELECT pg_reload_conf()")
    time.sleep(2)
    site.rows("ALTER SYSTEM RESET default_transaction_read_only")
    site.rows("SELECT pg_reload_conf()")
    return True


def pause(site: Site, dice: random.Random, lease: float) -> bool:
    """Pause the drain and resume it."""
    paused = site.manage("session", "pause", "latest", check=False).returncode == 0
    if paused:
        time.sleep(dice.uniform(0, 1))
        site.manage("session", "resume", "latest", check=False)
    return paused


def stop(site: Site, dice: random.Random, lease: float) -> bool:
    """Stop the drain: what runs may end."""
    return site.manage("session", "stop", "latest", check=False).returncode == 0


def cancel(site: Site, dice: random.Random, lease: float) -> bool:
    """Cancel the drain: what runs is ended."""
    return site.manage("session", "cancel", "latest", check=False).returncode == 0


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        worker, both_workers, worker_and_warden, warden, sentinel, cluster, stand_in, maintenance, web, up,
        stop_worker, postmaster, backend, connections, read_only, pause, stop, cancel,
    )
}  # fmt: skip
