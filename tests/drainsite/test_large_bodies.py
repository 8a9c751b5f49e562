"""A hundred megabytes at the web server: refused by their length, or where they exceed it,
and nobody else waits.
"""

from __future__ import annotations

import http.client
import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from drainsite import web

MEGABYTE = b"x" * (1 << 20)
MANY = 100


@pytest.fixture
def asked() -> list[int]:
    """Lengths of bodies that reached the site."""
    return []


@pytest.fixture
def port(asked: list[int]) -> Iterator[int]:
    def site(environ, start_response):
        asked.append(len(environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server, over = web.make_server(site, "127.0.0.1", 0, lambda _address: False), threading.Event()

    def run() -> None:
        while not over.is_set():
            server._turn()
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.task_dispatcher.shutdown()
        server.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield int(server.effective_port)
    over.set()
    thread.join(60)


def sent_until_refused(port: int, head: bytes, frame: bool) -> tuple[bytes, int]:
    """The status of the answer, and how many megabytes went out before the server had enough."""
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(head)
        count = 0
        try:
            while count < MANY:
                count += 1
                client.sendall(b"100000\r\n" + MEGABYTE + b"\r\n" if frame else MEGABYTE)
        except OSError:
            pass
        try:
            answer = client.recv(100)
        except OSError:
            answer = b""
    return answer.split(b" ")[1] if answer else b"", count


@pytest.mark.parametrize("frame", [False, True], ids=["with its length", "in chunks"])
def test_a_hundred_megabytes_reach_no_page_and_take_no_memory(
    port: int, asked: list[int], frame: bool
):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    length = b"Transfer-Encoding: chunked" if frame else b"Content-Length: %d" % (MANY << 20)
    head = b"POST /api/v1/imports HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n"
    status, count = sent_until_refused(port, head, frame)
    # Whoever goes on sending after the answer may lose it with the connection.
    assert status in (b"413", b"")
    assert count < MANY or status == b"413"
    assert asked == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024, "KiB"
    other = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    other.request("POST", "/", b"small")
    assert other.getresponse().read() == b"ok"
    other.close()
    assert asked == [5]


def test_the_largest_body_that_may_come_comes_whole(port: int, asked: list[int]):
    # The limit is of what comes below it; the API's own sentence names the same number.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", b"x" * (web.MOST_BODY - 1))
    assert connection.getresponse().read() == b"ok"
    connection.close()
    assert asked == [web.MOST_BODY - 1]
