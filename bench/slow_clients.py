"""Other people's requests beside sockets whose requests never end: python bench/slow_clients.py [SOCKETS] [SECONDS]

Starts the web server on loopback, asks for the sign-in page once a tenth of a second without and with the slow
sockets (each sends one byte a second), and prints both medians and 95th percentiles.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

HALF = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def main(sockets: int = 200, seconds: float = 60.0) -> None:
    """Measure both and print them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "drainsite.web", "127.0.0.1", str(port)]
    with subprocess.Popen(argv, env=os.environ) as server:
        try:
            while not _ask(port):
                time.sleep(0.1)
            quiet = _times(port, seconds, [])
            with ExitStack() as stack:
                slow = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for _ in range(sockets)
                ]
                for each in slow:
                    each.sendall(HALF)
                beside = _times(port, seconds, slow)
        finally:
            server.terminate()
    for name, found in (("alone", quiet), (f"beside {sockets} slow sockets", beside)):
        p95 = statistics.quantiles(found, n=20)[-1]
        print(
            f"{name:>24}: n {len(found)}, median {statistics.median(found) * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms"
        )


def _times(port: int, seconds: float, slow: list[socket.socket]) -> list[float]:
    found, until, dripped = [], time.monotonic() + seconds, time.monotonic()
    while (now := time.monotonic()) < until:
        if not _ask(port):
            raise SystemExit("A request was not answered.")
        found.append(time.monotonic() - now)
        if now - dripped > 1:
            dripped = now
            slow = [each for each in slow if _drip(each)]
        time.sleep(0.1)
    return found


def _drip(each: socket.socket) -> bool:
    try:
        each.sendall(b"a")
    except OSError:
        return False
    return True


def _ask(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/login/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
