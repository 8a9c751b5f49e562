"""A service is the right one if it is well and says the name and the database that a drain needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from drain.engine.process.health import (
    ANSWER_LIMIT,
    HealthAnswer,
    Needed,
    ask,
    is_address,
    mismatch,
    read_answer,
)

WELL = {"status": "healthy", "service": "autopack", "database_url": "sqlite:///a.db"}


class Answering(BaseHTTPRequestHandler):
    """Answers by its path."""

    waits = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.waits.wait(30)
        code = {"/moved": 302, "/down": 503, "/ill": 503}.get(self.path, 200)
        said: dict[str, Any] = WELL | ({"database": "error: gone"} if self.path == "/ill" else {})
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/")
        self.end_headers()
        filler = b" " * ANSWER_LIMIT if self.path == "/huge" else b""
        self.wfile.write(filler + json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Answering.waits.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Answering.waits.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_says_its_service_and_its_database(url: str) -> None:
    assert ask(url) == HealthAnswer("autopack", "sqlite:///a.db")


def test_an_answer_is_read_to_a_limit(url: str) -> None:
    assert ask(f"{url}/huge") == HealthAnswer()


def test_where_an_address_sends_on_to_is_somebody_else(url: str) -> None:
    found = ask(f"{url}/moved")
    assert found is not None
    assert found.broken == "HTTP 302"


@pytest.mark.parametrize(("path", "broken"), [("down", "HTTP 503"), ("ill", "error: gone")])
def test_a_service_that_is_not_well_says_why_or_its_status_does(
    url: str, path: str, broken: str
) -> None:
    assert ask(f"{url}/{path}") == HealthAnswer("autopack", "sqlite:///a.db", broken)


def test_who_does_not_answer_in_time_does_not_answer(url: str) -> None:
    assert ask(f"{url}/slow", timeout=0.1) is None
    assert ask("http://127.0.0.1:1/health") is None


@pytest.mark.parametrize("body", [b"", b"ok", b"[1]", b"7", b"\xff", b"[" * 60_000])
def test_an_answer_that_is_no_object_has_no_names(body: bytes) -> None:
    assert read_answer(body) == HealthAnswer()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"service": ["a"], "database": 7, "status": None}, HealthAnswer()),
        ({"status": "healthy", "database": "connected"}, HealthAnswer()),
        ({"status": "degraded", "database": "connected"}, HealthAnswer()),
        ({"status": "degraded"}, HealthAnswer(broken="degraded")),
        ({"status": "unhealthy", "database": "db1"}, HealthAnswer("", "db1", "unhealthy")),
        (
            {"status": "healthy", "database": "error: no connection"},
            HealthAnswer("", "error: no connection", "error: no connection"),
        ),
    ],
)
def test_an_answer_is_taken_by_its_fields(said: dict[str, Any], answer: HealthAnswer) -> None:
    assert read_answer(json.dumps(said).encode()) == answer


@pytest.mark.parametrize(
    ("answer", "needed", "sentence"),
    [
        (HealthAnswer("a", "d"), Needed(), ""),
        (HealthAnswer("a", "d"), Needed("a", ["d", "e"], "d"), ""),
        (HealthAnswer("a"), Needed("a", ["d"], "d"), ""),
        (HealthAnswer("", "d"), Needed("", ["d"], "d"), ""),
        (HealthAnswer("b", "d"), Needed("a", ["d"], "d"), "says “b” with the database “d”"),
        (HealthAnswer("", "d"), Needed("a", ["d"], "d"), "says “nothing” with the database “d”"),
        (HealthAnswer("a", "x"), Needed("a", ["d"], "d"), "needs “a” with “d”"),
        (HealthAnswer("a", "x"), Needed("", ["d"], "d"), "needs “any” with “d”"),
        (HealthAnswer("b"), Needed("a"), "needs “a” with “any”"),
        (HealthAnswer("a", "d", "x" * 999), Needed("a"), f"is not well: {'x' * 200}."),
    ],
)
def test_another_service_is_told_with_both_names(
    answer: HealthAnswer, needed: Needed, sentence: str
) -> None:
    found = mismatch(answer, needed, "http://h")
    assert sentence in found
    assert bool(found) is bool(sentence)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        *(("http://h/health", True), ("https://h:1", True)),
        *(("ftp://h", False), ("http:///health", False), ("h", False), ("http://[", False)),
    ],
)
def test_an_address_is_one_that_can_be_asked(url: str, good: bool) -> None:
    assert is_address(url) is good
