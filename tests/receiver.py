"""A receiver of webhooks as people write one, in a process of its own:
it checks signatures and keeps what it got.

`python receiver.py FILE`: prints its port and appends each request to FILE as a line of JSON.
The path says how it answers: /ok, /status/500, /moved, /drip (ten bytes a second, and no end).
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Keeps a request and answers as its path says."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kept = {"path": self.path, "headers": dict(self.headers), "body": body}
        with Path(sys.argv[1]).open("a") as file:
            file.write(json.dumps(kept) + "\n")
        if self.path == "/drip":
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n")
            with suppress(OSError):
                for _ in range(600):
                    time.sleep(0.1)
                    self.connection.sendall(b"X")
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ok")
            self.end_headers()
        else:
            self.send_response(
                int(self.path.rpartition("/")[2]) if "/status/" in self.path else 204
            )
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
