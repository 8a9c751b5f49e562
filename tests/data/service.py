"""Stands in for Autopack's API server: PORT FILE [SERVICE DATABASE]; notes each start in FILE."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS = os.environ.get("DATABASE_URL", "")
IDENTITY = hashlib.sha256(ADDRESS.encode()).hexdigest()[:12]


class Health(BaseHTTPRequestHandler):
    """Says who it is."""

    def do_GET(self) -> None:
        """Answer any address."""
        service, database = (sys.argv[3:5] or ["autopack", IDENTITY])[:2]
        said = {"service": service, "database_identity": database, "database": "connected"}
        body = json.dumps({"status": "healthy", **said}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""
        del format, args


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health)
    with Path(sys.argv[2]).open("a") as noted:
        noted.write(f"{os.getpid()}\n")
    server.serve_forever()
