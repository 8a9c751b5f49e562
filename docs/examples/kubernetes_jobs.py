"""A service that runs phases as Jobs of a Kubernetes cluster: the other side of an executor of kind http.

Standard library and `kubectl`. TOKEN is what callers must send as `Authorization: Bearer …`, TEMPLATE a Job as JSON:
its first container gets the command and the variables of each phase.
"""

from __future__ import annotations

import copy
import hmac
import json
import os
import re
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

JOB = re.compile(r"/jobs/([0-9a-z-]{1,52})(/cancel|/log)?")
SUSPEND = json.dumps({"spec": {"suspend": True}})


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What kubectl prints; CalledProcessError with its sentence in `stderr` when it refuses."""
    return subprocess.run(
        ["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=True, timeout=15
    ).stdout


def manifest(template: dict[str, Any], phase: dict[str, Any]) -> dict[str, Any]:
    """The Job of one attempt: named after its submission, so that Kubernetes itself refuses a second one."""
    job = copy.deepcopy(template)
    job["metadata"] = {**job.get("metadata", {}), "name": f"drain-{phase['submission_id']}"}
    # One attempt is one pod: whether to try again is drainsite's to decide.
    job["spec"] |= {"backoffLimit": 0, "activeDeadlineSeconds": int(phase["timeout_seconds"]) + 60}
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    container = job["spec"]["template"]["spec"]["containers"][0]
    container["command"] = phase["command"] or container.get("command", [])
    own = [{"name": name, "value": value} for name, value in phase["env"].items()]
    container["env"] = container.get("env", []) + own
    return job


def state(job: dict[str, Any], pods: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer to *how is it?*: a state, at the end with the exit code of the container."""
    true = {
        one["type"]: one for one in job["status"].get("conditions", []) if one["status"] == "True"
    }
    if "Suspended" in true:
        running = any(pod["status"].get("phase") == "Running" for pod in pods)
        return {"state": "running" if running else "stopped"}
    if not {"Complete", "Failed"} & true.keys():
        return {"state": "running" if job["status"].get("ready") else "pending"}
    codes = [
        status["state"]["terminated"]["exitCode"]
        for pod in pods
        for status in pod["status"].get("containerStatuses", [])
        if "terminated" in status["state"]
    ]
    ended = {"state": "succeeded" if "Complete" in true else "failed"}
    # What the phase printed says more than Kubernetes does, wherever its container has run.
    return {**ended, "exit_code": codes[-1]} if codes else {**ended, "message": message(true)}


def message(conditions: dict[str, Any]) -> str:
    """Why a Job has failed of which no container ended: its deadline, mostly."""
    text: str = conditions.get("Failed", {}).get("message", "")
    return text


class Jobs(BaseHTTPRequestHandler):
    """The four requests of the contract."""

    template: dict[str, Any]
    token: str

    def do_POST(self) -> None:
        self.answer(self.start_or_cancel)

    def do_GET(self) -> None:
        self.answer(self.look)

    def start_or_cancel(self) -> tuple[int, Any]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/jobs":
            kubectl(
                "create", "-f", "-", stdin=json.dumps(manifest(self.template, json.loads(body)))
            )
            return 201, {}
        found = JOB.fullmatch(self.path)
        if not found or found[2] != "/cancel":
            return 404, {}
        # A suspended Job ends its pods and stays: a deleted one could not say that it was stopped.
        kubectl("patch", "job", f"drain-{found[1]}", "--type=merge", "-p", SUSPEND)
        return 200, {}

    def look(self) -> tuple[int, Any]:
        found = JOB.fullmatch(self.path)
        if not found or found[2] == "/cancel":
            return 404, {}
        name = f"drain-{found[1]}"
        if found[2] == "/log":
            return 200, kubectl("logs", f"job/{name}")
        job = json.loads(kubectl("get", "job", name, "-o", "json"))
        pods = json.loads(kubectl("get", "pods", "-l", f"job-name={name}", "-o", "json"))
        return 200, state(job, pods["items"])

    def answer(self, act: Any) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return self.send(401, {"message": "The token is not the right one."})
        try:
            code, body = act()
        except subprocess.CalledProcessError as error:
            words = {
                "(AlreadyExists)": 409,
                "(NotFound)": 404,
                "(Invalid)": 422,
                "(BadRequest)": 404,
            }
            code = next((number for word, number in words.items() if word in error.stderr), 503)
            body = {"message": error.stderr[-2000:]}
        except subprocess.TimeoutExpired:
            code, body = 503, {"message": "kubectl did not answer within 15 s."}
        return self.send(code, body)

    def send(self, code: int, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(code)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    Jobs.template = json.loads(Path(os.environ["TEMPLATE"]).read_text())
    Jobs.token = os.environ["TOKEN"]
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Jobs).serve_forever()
