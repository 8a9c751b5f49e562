#!/usr/bin/env python3
"""A stand-in for kubectl: it runs the command of a Job here and says of it what a cluster would.
No cluster can be had.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ["CLUSTER"])


def refuse(reason: str, sentence: str) -> None:
    sys.exit(f"Error from server ({reason}): {sentence}")


def known(name: str) -> Path:
    folder = FOLDER / name
    if not folder.is_dir():
        refuse("NotFound", f'jobs.batch "{name}" not found')
    return folder


def create() -> None:
    job = json.load(sys.stdin)
    folder = FOLDER / job["metadata"]["name"]
    try:
        folder.mkdir()
    except FileExistsError:
        refuse("AlreadyExists", f'jobs.batch "{folder.name}" already exists')
    (folder / "job").write_text(json.dumps(job))
    container = job["spec"]["template"]["spec"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    program = '"$@"; code=$?; echo $code > "$0/code.new"; mv "$0/code.new" "$0/code"'
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            ["/bin/sh", "-c", program, str(folder), *container["command"]],
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    (folder / "pid").write_text(str(child.pid))


def get_job(name: str) -> dict[str, object]:
    folder = known(name)
    conditions = []
    if (folder / "suspended").exists():
        conditions.append({"type": "Suspended", "status": "True"})
    elif (folder / "code").exists():
        good = (folder / "code").read_text().strip() == "0"
        kind = "Complete" if good else "Failed"
        message = "" if good else "Job has reached the specified backoff limit"
        conditions.append({"type": kind, "status": "True", "message": message})
    return {"status": {"conditions": conditions, "ready": int(not conditions)}}


def get_pods(name: str) -> dict[str, object]:
    code = known(name) / "code"
    ended = (
        [{"state": {"terminated": {"exitCode": int(code.read_text())}}}] if code.exists() else []
    )
    return {"items": [{"status": {"phase": "Succeeded", "containerStatuses": ended}}]}


match sys.argv[1:]:
    case ["create", "-f", "-"]:
        create()
    case ["get", "job", name, "-o", "json"]:
        json.dump(get_job(name), sys.stdout)
    case ["get", "pods", "-l", label, "-o", "json"]:
        json.dump(get_pods(label.removeprefix("job-name=")), sys.stdout)
    case ["logs", name]:
        sys.stdout.write((known(name.removeprefix("job/")) / "log").read_text())
    case ["patch", "job", name, "--type=merge", "-p", _]:
        (known(name) / "suspended").touch()
        os.killpg(int((known(name) / "pid").read_text()), 15)
    case other:
        sys.exit(f"error: unknown command {other}")
