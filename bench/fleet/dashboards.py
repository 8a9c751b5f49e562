"""The cost of open dashboards for the database: processor time of its processes while they refresh."""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import Client

EVERY, FOR = 5.0, 30.0
TICKS = os.sysconf("SC_CLK_TCK")
SERVER = [sys.executable, "-m", "drainsite.web", "127.0.0.1"]


def measure(client: Client, port: int) -> None:
    """Print the share of one core that the database used for no, one and twenty dashboards."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    server = subprocess.Popen([*SERVER, str(port)])
    try:
        _refresh(cookie, port, time.monotonic() + 20, once=True)
        shares = {count: _share(cookie, port, count) for count in (0, 1, 20)}
    finally:
        server.terminate()
        server.wait(20)
    for count, share in shares.items():
        print(f"{count:2d} dashboards at {EVERY:g} s: database {share:5.2f} % of a core")
    print(f"20 over one: {shares[20] - shares[1]:.2f} % of a core")


def _share(cookie: str, port: int, count: int) -> float:
    until = time.monotonic() + FOR
    readers = [threading.Thread(target=_refresh, args=(cookie, port, until)) for _ in range(count)]
    before, started = _ticks(), time.monotonic()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    time.sleep(max(0.0, until - time.monotonic()))
    return (_ticks() - before) / TICKS / (time.monotonic() - started) * 100


def _refresh(cookie: str, port: int, until: float, *, once: bool = False) -> None:
    """One dashboard: the live part of the overview, every five seconds or so."""
    if not once:
        time.sleep(random.uniform(0, EVERY))
    while time.monotonic() < until:
        try:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            asked.request("GET", "/", headers={"Cookie": cookie, "HX-Request": "true"})
            status = asked.getresponse().status
        except ConnectionRefusedError:
            time.sleep(0.2)
            continue
        if status != 200:
            raise SystemExit(f"The overview answers {status}.")
        if once:
            return
        time.sleep(EVERY * random.uniform(0.9, 1.1))


def _ticks() -> int:
    """Clock ticks of the server and all its processes, those that ended too."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        root = int(Path(cursor.fetchone()[0], "postmaster.pid").read_text().split()[0])
    found = _times(root)
    total = sum(found[0][:4])
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                times, parent = _times(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
            total += sum(times[:2]) if parent == root else 0
    return total


def _times(pid: int) -> tuple[tuple[int, ...], int]:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return tuple(map(int, words[11:15])), int(words[1])
