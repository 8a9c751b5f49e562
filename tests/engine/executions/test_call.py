"""One request to a service over a real socket: whether it may have arrived, how much of an answer is read,
and how it is broken off.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from drain.engine.executions.remote import call
from drain.engine.executions.remote.call import Answer, Call
from drain.engine.executions.remote.service import UnreachableError

Speak = Callable[[socket.socket], None]
Serve = Callable[[Speak], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Take one connection, read its request, and do with it what the test says; gives the address."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def begin(speak: Speak) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def take() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as peer:
                peer.recv(65_536)
                speak(peer)

        threads.append(threading.Thread(target=take))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/job?x=1"

    yield begin
    for listener in opened:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(60)


def answers(body: bytes, status: str = "200 OK") -> Speak:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda peer: peer.sendall(head + body)


@pytest.mark.parametrize(
    ("status", "limit", "skip", "found"),
    [
        ("200 OK", 9, 0, Answer(200, b"01234567", cut=False, rest=False)),
        ("200 OK", 8, 0, Answer(200, b"01234567", cut=False, rest=False)),
        ("200 OK", 5, 0, Answer(200, b"01234", cut=True, rest=False)),
        ("200 OK", 5, 2, Answer(200, b"23456", cut=True, rest=False)),
        ("200 OK", 9, 6, Answer(200, b"67", cut=False, rest=False)),
        ("200 OK", 9, 9, Answer(200, b"", cut=False, rest=False)),
        ("206 Partial Content", 5, 2, Answer(206, b"01234", cut=True, rest=True)),
        ("206 Partial Content", 9, 6, Answer(206, b"01234567", cut=False, rest=True)),
        ("302 Found", 9, 0, Answer(302, b"01234567", cut=False, rest=False)),
    ],
)
def test_of_an_answer_is_read_what_was_asked_for(
    serve: Serve, status: str, limit: int, skip: int, found: Answer
) -> None:
    url = serve(answers(b"01234567", status))
    assert Call("GET", url, {}).answer(limit, skip) == found


def test_an_answer_without_end_is_not_read_to_its_end(serve: Serve) -> None:
    sent: list[int] = []

    def flood(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                sent.append(peer.send(b"x" * 65_536))

    found = Call("GET", serve(flood), {}).answer(100_000)
    assert (len(found.body), found.cut) == (100_000, True)


def test_who_listens_nowhere_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(
        UnreachableError, match=r"cannot be reached \(Connection refused\)"
    ) as error:
        Call("POST", url, {}, b"{}").answer(9)
    assert not error.value.sent


@pytest.mark.parametrize(
    "speak",
    [lambda _: None, lambda peer: peer.sendall(b"SSH-2.0-x\r\n")],
    ids=["nothing", "another protocol"],
)
def test_who_answers_nothing_that_makes_sense_may_have_got_it(serve: Serve, speak: Speak) -> None:
    with pytest.raises(UnreachableError, match="it did not answer") as error:
        Call("POST", serve(speak), {}, b"{}").answer(9)
    assert error.value.sent


def test_an_answer_that_drips_has_its_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "CALL_SECONDS", 0.2)

    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                peer.sendall(b"x")
                time.sleep(0.02)

    with pytest.raises(UnreachableError, match="no answer in time"):
        Call("GET", serve(drip), {}).answer(1_000_000)


@pytest.mark.parametrize(
    "begins",
    [b"", b"HTTP/1.1 200 OK\r\nX: 1\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n01"],
)
def test_a_call_is_broken_off_wherever_its_answer_has_got_to(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, begins: bytes
) -> None:
    monkeypatch.setattr(call, "SILENCE_SECONDS", 3600.0)
    there, ended = threading.Event(), threading.Event()

    def stall(peer: socket.socket) -> None:
        peer.sendall(begins)
        there.set()
        peer.settimeout(30)
        assert peer.recv(1) == b""
        ended.set()

    asked = Call("GET", serve(stall), {})

    def end() -> None:
        there.wait(60)
        asked.break_off()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(UnreachableError, match="it did not answer"):
        asked.answer(9)
    ending.join()
    assert ended.wait(60), "it was not the call that ended it"


def test_a_call_that_was_broken_off_before_it_was_made_is_not_made(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr("http.client.HTTPConnection.request", lambda *given: sent.append(given))
    asked = Call("GET", serve(lambda _: None), {})
    asked.break_off()
    with pytest.raises(UnreachableError):
        asked.answer(9)
    assert sent == []
