"""A mail server that keeps what it gets, in a process of its own: `python smtp_sink.py FILE [REFUSAL]`.

Prints its port and appends each message to FILE as a line of JSON;
with REFUSAL it answers RCPT with that line.
"""

from __future__ import annotations

import json
import socketserver
import sys
from pathlib import Path


class Handler(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs."""

    def handle(self) -> None:
        self._say("220 sink")
        sender, receivers = "", []
        while line := self.rfile.readline().decode().strip():
            word = line.upper()
            if word.startswith(("EHLO", "HELO")):
                self._say("250 sink")
            elif word.startswith("MAIL FROM:"):
                sender = line[10:]
                self._say("250 ok")
            elif word.startswith("RCPT TO:"):
                receivers.append(line[8:])
                self._say(sys.argv[2] if len(sys.argv) > 2 else "250 ok")
            elif word == "DATA":
                self._say("354 go on")
                kept = {"from": sender, "to": receivers, "text": self._data()}
                with Path(sys.argv[1]).open("a") as file:
                    file.write(json.dumps(kept) + "\n")
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _data(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.decode())
        return "".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()
