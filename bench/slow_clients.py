"""Other people's requests beside clients that are slow: python bench/slow_clients.py [SOCKETS] [SECONDS]

Starts the web server on loopback and asks for the sign-in page every tenth of a second: alone, then beside so
many sockets whose headers never end, whose bodies never end, and which never read their answer. Prints
medians and 95th percentiles. DRAINSITE_DATA names a folder to throw away; its database and the pages' files
are made first.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nusername="
READER = b"GET /static/ninja/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""The largest file that anybody may ask for: it fills every buffer on the way."""
KINDS = {
    "headers that never end": HEADER,
    "bodies that never end": BODY,
    "answers that nobody reads": READER,
}


def main(sockets: int = 200, seconds: float = 60.0) -> None:
    """Measure each and print it."""
    for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run([sys.executable, ROOT / "manage.py", *command], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "drainsite.web", "127.0.0.1", str(port)]
    with subprocess.Popen(argv, env=os.environ, cwd=ROOT) as server:
        try:
            while not _ask(port):
                time.sleep(0.1)
            _times(port, 5.0, [])
            _show("alone", _times(port, seconds, []))
            for name, sent in KINDS.items():
                with ExitStack() as stack:
                    slow = [stack.enter_context(_slow(port, sent)) for _ in range(sockets)]
                    _show(f"beside {sockets} {name}", _times(port, seconds, slow))
            _show("alone again", _times(port, seconds, []))
        finally:
            server.terminate()


def _slow(port: int, sent: bytes) -> socket.socket:
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.connect(("127.0.0.1", port))
    opened.sendall(sent)
    return opened


def _show(name: str, found: list[float]) -> None:
    p95 = statistics.quantiles(found, n=20)[-1] * 1e3
    print(
        f"{name:>40}: n {len(found)}, median {statistics.median(found) * 1e3:.1f} ms, p95 {p95:.1f} ms",
        flush=True,
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
