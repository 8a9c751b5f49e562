"""The web server: waitress, with limits on what one client may keep open.
`python -m drainsite.web HOST PORT`.

waitress reads a whole request before a thread takes it, so requests that come slowly hold no thread; answers
that are read slowly wait in files, so they hold none either. What it does not have is added here: an end to
requests that never end and to answers that nobody reads, and a share of connections for each address.
"""

from __future__ import annotations

import contextlib
import logging
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from drain.engine.process.hardening import harden_process
from drainsite.health import LIVE

THREADS = 8
MOST_CONNECTIONS = 1000
SPARE_FILES = 100
"""Of the process's files, for all else: the database, templates, logs."""
EACH_ADDRESS = 100
"""Connections that one address may keep open; a proxy that is trusted stands for many people."""
HEADER_SECONDS = 15.0
BODY_SECONDS = 120.0
IDLE_SECONDS = 60
MOST_HEADER = 64 * 1024
MOST_BODY = 16 * 1024 * 1024
MOST_WAITING = 1 << 30
"""Bytes of one answer that wait (on disk, above a megabyte) for who reads it;
only what is longer holds a thread.
"""
UNREAD_SECONDS = 60.0
GRACE_SECONDS = 5.0


class Channel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """One connection, which knows since when its present request has been coming in."""

    began: float | None = None

    def received(self, data: bytes) -> bool:
        """Take what came in."""
        took = bool(super().received(data))
        if self.request is None:
            self.began = None
        elif self.began is None:
            self.began = time.monotonic()
        return took

    def is_late(self, now: float) -> bool:
        """Return whether its request should have been here by now; also when not a byte of it has come."""
        if self.requests or self.total_outbufs_len:
            return False
        if self.began is None:
            return False
        headers_done = self.request is not None and self.request.headers_finished
        return now - self.began > (BODY_SECONDS if headers_done else HEADER_SECONDS)

    def is_unread(self, now: float) -> bool:
        """Return whether nothing of its answer could be sent for a while (`now` is of time.time)."""
        return bool(self.total_outbufs_len) and now - self.last_activity > UNREAD_SECONDS

    def is_working(self) -> bool:
        """Return whether a complete request is being answered."""
        return bool(self.requests or self.total_outbufs_len)


class WebServer(TcpWSGIServer):  # type: ignore[misc] # waitress has no types
    """waitress's server with shares of connections and an end to slow requests."""

    channel_class = Channel

    def __init__(self, *args: Any, trusted: Callable[[str], bool], **kwargs: Any) -> None:
        self._trusted = trusted
        self._probes: list[Channel] = []
        super().__init__(*args, **kwargs)

    def add_task(self, task: Channel) -> None:
        """Give a request to the threads; a probe is answered without one, however many wait for one."""
        request = task.requests[0]
        # One that could not be read has no path; its 400 comes from a thread as well.
        if request.error is None and request.path == LIVE:
            self._probes.append(task)
            self.pull_trigger()
        else:
            super().add_task(task)

    def handle_accept(self) -> None:
        """Take a connection; where its address has its share, the oldest that only waits makes room."""
        super().handle_accept()
        newest = max(self.active_channels.values(), key=_age, default=None)
        if newest is None or self._trusted(newest.addr[0]):
            return
        same = [each for each in self.active_channels.values() if each.addr[0] == newest.addr[0]]
        if len(same) > EACH_ADDRESS:
            idle = [each for each in same if not each.is_working() and each is not newest]
            min(idle, key=_age, default=newest).handle_close()

    def maintenance(self, now: float) -> None:
        """Close what is idle (waitress), what is late, and what nobody reads."""
        super().maintenance(now)
        clock = time.monotonic()
        for channel in list(self.active_channels.values()):
            if channel.is_unread(now):
                channel.handle_close()  # it will never be writable, where waitress looks whether it is to be closed
            elif channel.is_late(clock):
                channel.will_close = True

    def serve(self) -> None:
        """Answer until SIGTERM or SIGINT;
        then what has been asked for is still answered, for a few seconds.
        """
        stopping: list[int] = []

        def stop(number: int, _frame: object) -> None:
            stopping.append(number)
            self.pull_trigger()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        while not stopping:
            self._turn()
        self.accepting = False
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and any(
            map(Channel.is_working, self.active_channels.values())
        ):
            self._turn()
        self.task_dispatcher.shutdown(timeout=1)

    def _turn(self) -> None:
        wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)
        while self._probes:
            self._probes.pop(0).service()


def _age(channel: Channel) -> float:
    created: float = channel.creation_time
    return created


def make_server(
    application: Any, host: str, port: int, trusted: Callable[[str], bool]
) -> WebServer:
    """Return a server that listens at this address."""
    given = Adjustments(
        listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        threads=THREADS,
        connection_limit=_connections(),
        cleanup_interval=1,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=MOST_HEADER,
        max_request_body_size=MOST_BODY,
        outbuf_high_watermark=MOST_WAITING,
        # Whose word counts is decided by drain.people.requests.
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        ident=None,
    )
    return WebServer(application, adj=given, sockinfo=given.listen[0], trusted=trusted)


def _connections() -> int:
    """Return as many connections as there may be files, having raised that to the system's limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (
        MOST_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(10, min(MOST_CONNECTIONS, soft - SPARE_FILES))
    )


def main(host: str, port: str) -> None:
    """Serve drainsite at this address."""
    # What this process knows is not for phases of the same user.
    harden_process()
    from drainsite.wsgi import application

    # A line for each request that waits would let who asks much fill the disk.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)

    make_server(application, host, int(port), _is_trusted).serve()


def _is_trusted(address: str) -> bool:
    """Return whether a proxy that stands for many people is at this address."""
    from drain.people.requests import is_trusted

    return is_trusted(address)


if __name__ == "__main__":
    main(*sys.argv[1:3])
