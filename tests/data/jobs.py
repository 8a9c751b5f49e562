"""A service of jobs as docs/executors.md has it: `jobs.py PORT FOLDER`. Jobs are files, so they outlive it.

What a job does is in its parameters: `seconds` it takes, `exit` it ends with, `log` it prints. How the
service misbehaves is in the file `mode` of its folder: a word for each kind of request, such as {"poll":
"garbage"}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[2])
TOKEN = os.environ.get("JOBS_TOKEN", "")


def mode(kind: str) -> Any:
    path = FOLDER / "mode"
    return json.loads(path.read_text()).get(kind, "") if path.exists() else ""


def journal(word: str, job: str) -> None:
    with (FOLDER / "journal").open("a") as file:
        file.write(f"{word} {job} {time.time():.3f}\n")


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


def job_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path_of(name).read_text())
    return found


def keep(name: str, job: dict[str, Any]) -> None:
    part = FOLDER / f"{name}.{threading.get_ident()}.part"
    part.write_text(json.dumps(job))
    part.replace(path_of(name))


def status(job: dict[str, Any]) -> dict[str, Any]:
    params, age = job["params"], time.time() - job["at"]
    if job.get("stopped"):
        late = time.time() - job["stopped"] < params.get("stops_after", 0)
        return {"state": "running"} if late else {"state": "stopped"}
    if age < params.get("seconds", 0):
        return {"state": "running"}
    code = params.get("exit", 0)
    state = "failed" if code else "succeeded"
    return {"state": state, "exit_code": code, "message": params.get("message", "")}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if self.path.endswith("/cancel"):
            self.cancel(self.path.split("/")[-2])
        else:
            self.begin(json.loads(body))

    def do_GET(self) -> None:
        *_, job, last = self.path.split("/")
        if last == "log":
            self.log(job)
        else:
            self.poll(last)

    def begin(self, asked: dict[str, Any]) -> None:
        name = asked["submission_id"]
        journal("asked", name)
        if self.misbehaves("start") or not self.knows_caller():
            return
        assert self.headers["Idempotency-Key"] == name
        if path_of(name).exists():
            self.say(409, {"error": "it is there"})
            return
        keep(name, {**asked, "at": time.time()})
        journal("ran", name)
        if mode("start") == "silent":
            time.sleep(30)
        self.say(201, {})

    def poll(self, name: str) -> None:
        if self.misbehaves("poll") or not self.knows_caller():
            return
        if path_of(name).exists():
            self.say(200, status(job_of(name)))
        else:
            self.say(404, {"error": "no such job"})

    def cancel(self, name: str) -> None:
        journal("cancel", name)
        if self.misbehaves("cancel"):
            return
        if path_of(name).exists():
            job = job_of(name)
            keep(name, {**job, "stopped": job.get("stopped") or time.time()})
        self.say(200, {})

    def log(self, name: str) -> None:
        if self.misbehaves("log"):
            return
        params = job_of(name)["params"]
        text = str(params.get("log", "")).encode() * params.get("times", 1)
        given = self.headers.get("Range", "")
        if given and mode("log") != "whole":
            start = int(given.removeprefix("bytes=").rstrip("-"))
            self.send(206 if start < len(text) else 416, text[start:])
        else:
            self.send(200, text)

    def knows_caller(self) -> bool:
        if self.headers.get("Authorization", "") == TOKEN:
            return True
        self.say(401, {"error": f"{self.headers.get('Authorization')} is nobody"})
        return False

    def misbehaves(self, kind: str) -> bool:
        match mode(kind):
            case "garbage":
                self.send(200, b"<html>")
            case "unknown state":
                self.say(200, {"state": "sleeping"})
            case "huge":
                self.send(200, b'{"state": "succeeded", "x": "' + b"x" * 50_000_000 + b'"}')
            case "redirect":
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{sys.argv[1]}/elsewhere")
                self.end_headers()
            case "drip":
                self.drip()
            case int(code):
                self.say(code, {"error": "so it goes"})
            case _:
                return False
        return True

    def drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            self.wfile.write(f"X-{number}: x\r\n".encode())
            time.sleep(0.2)

    def say(self, code: int, value: Any) -> None:
        self.send(code, json.dumps(value).encode())

    def send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
