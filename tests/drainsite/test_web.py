"""The web server: who is slow holds up nobody, and what was asked for is answered even at the end."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from drainsite import web
from tests.hosts import until

ROOT = Path(__file__).resolve().parents[2]
HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
Start = Callable[..., int]


def hello(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def servers() -> dict[int, web.WebServer]:
    """Those that run, by their ports."""
    return {}


@pytest.fixture
def start(servers: dict[int, web.WebServer]) -> Iterator[Start]:
    over = threading.Event()
    threads: list[threading.Thread] = []

    def started(trusted: Callable[[str], bool] = lambda _address: False, app: Any = hello) -> int:
        server = web.make_server(app, "127.0.0.1", 0, trusted)

        def run() -> None:
            while not over.is_set():
                server._turn()
            for channel in list(server.active_channels.values()):
                channel.handle_close()
            server.task_dispatcher.shutdown()
            server.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        servers[int(server.effective_port)] = server
        return int(server.effective_port)

    yield started
    over.set()
    for thread in threads:
        thread.join(60)


def get(port: int, path: str = "/") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def half_open(stack: ExitStack, port: int, count: int) -> list[socket.socket]:
    opened = [
        stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(count)
    ]
    for each in opened:
        each.sendall(HALF)
    return opened


def closed(each: socket.socket) -> bool:
    """Wait until the other end has closed it."""
    each.settimeout(60)
    try:
        return each.recv(1) == b""
    except ConnectionResetError:
        return True


def test_requests_are_answered_beside_two_hundred_that_never_end(start):
    port = start(trusted=lambda _address: True)
    with ExitStack() as stack:
        slow = half_open(stack, port, 200)
        assert [get(port) for _ in range(20)] == [b"hello"] * 20
        for each in slow:
            each.sendall(b"\r\n\r\n")
        assert all(each.recv(12) == b"HTTP/1.1 200" for each in slow), "none of them was closed"


def test_an_address_keeps_its_share_and_its_newest_request_is_answered(start):
    port = start()
    with ExitStack() as stack:
        slow = half_open(stack, port, web.EACH_ADDRESS + 20)
        assert get(port) == b"hello"
        assert all(map(closed, slow[:20])), "the oldest made room"
        slow[-1].sendall(b"\r\n\r\n")
        assert slow[-1].recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("HEADER_SECONDS", HALF),
        ("BODY_SECONDS", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"),
    ],
)
def test_a_request_that_does_not_end_in_time_is_closed(start, monkeypatch, name, request_):
    monkeypatch.setattr(web, name, 0.05)
    with socket.create_connection(("127.0.0.1", start()), 60) as slow:
        slow.sendall(request_)
        assert closed(slow)


def large(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"x" * 1_000_000 for _ in range(60))


def unread(stack: ExitStack, port: int, path: bytes) -> socket.socket:
    """A client that asks, and reads only the first bytes of the answer."""
    opened = stack.enter_context(socket.socket())
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.settimeout(60)
    opened.connect(("127.0.0.1", port))
    opened.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert opened.recv(12) == b"HTTP/1.1 200"
    return opened


def either(environ, start_response):
    return (large if environ["PATH_INFO"] == "/large" else hello)(environ, start_response)


def test_requests_are_answered_beside_large_answers_that_nobody_reads_and_those_are_ended(
    start, servers, monkeypatch
):
    port = start(app=either)
    with ExitStack() as stack:
        for _ in range(web.THREADS + 2):
            unread(stack, port, b"/large")
        assert [get(port) for _ in range(20)] == [b"hello"] * 20
        monkeypatch.setattr(web, "UNREAD_SECONDS", 0.05)
        until(lambda: not servers[port].active_channels)


def test_a_probe_is_answered_while_every_thread_is_taken_and_more_wait(start):
    go_on = threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] != "/healthz":
            go_on.wait(60)
        return hello(environ, start_response)

    port = start(app=app)
    with ExitStack() as stack:
        waiting = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            for _ in range(3 * web.THREADS)
        ]
        for each in waiting:
            each.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [get(port, "/healthz") for _ in range(5)] == [b"hello"] * 5
        go_on.set()
        assert all(each.recv(12) == b"HTTP/1.1 200" for each in waiting)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (web.MOST_HEADER + 1) + b"\r\n\r\n",
            b"431",
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_read(start, request_, status):
    with socket.create_connection(("127.0.0.1", start()), 60) as client:
        client.sendall(request_)
        assert client.recv(12).split()[1] == status


LINES = {
    "a control character": b"X-Forwarded-For: 1.2.3.4\x01",
    "a NUL": b"Cookie: a\x00b",
    "DEL": b"User-Agent: a\x7f",
    "an escape sequence": b"Referer: \x1b[2J",
    "a bare CR": b"X-Other: a\rb",
    "no name": b": x",
    "a length that is none": b"Content-Length: -1",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_headers_that_cannot_be_read_are_refused_with_one_sentence(start, line):
    port = start()
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
    assert answer.split(b"\r\n")[0].partition(b" ")[2] == b"400 Bad Request"
    assert b"\r\n\r\nBad Request" in answer
    assert get(port) == b"hello"


SLOW_SITE = """
import sys, threading
from drainsite import web
def app(environ, start_response):
    print("asked", flush=True)
    sys.stdin.readline()
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]
server = web.make_server(app, "127.0.0.1", 0, lambda address: False)
print(server.effective_port, flush=True)
server.serve()
print("ended", flush=True)
"""


def test_what_is_being_answered_when_it_is_told_to_end_is_still_answered():
    argv = [sys.executable, "-c", SLOW_SITE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, cwd=ROOT, **pipes) as site:  # type: ignore[call-overload]
        port = int(site.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert site.stdout.readline() == "asked\n"
            site.send_signal(signal.SIGTERM)
            site.stdin.write("go on\n")
            site.stdin.flush()
            answer = b"".join(iter(lambda: client.recv(100), b""))
        assert answer.endswith(b"done")
        assert site.stdout.readline() == "ended\n"
        assert site.wait(60) == 0
