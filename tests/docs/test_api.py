"""docs/api.md: every line with curl, pasted in its order against a site with a worker."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from drain.engine.workers.hosts import strength
from drain.models import DrainSession, Phase
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.factories import ExecutorFactory
from tests.hosts import Host, until
from tests.people import person

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```(?:sh)?\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(), re.M | re.S)
MENDED = 'test "$1" != send || { echo "SMTPError: 550"; exit 1; }'


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
def test_a_newcomer_s_first_round_with_curl_goes_as_it_is_written(
    tmp_path: Path, live_server: Any
) -> None:
    by = Person("root", Origin.ADMIN)
    _, token = issue_token(person(Role.MANAGER), "curl", by, expires_at=None)
    ExecutorFactory(argv=["/bin/sh", "-c", MENDED, "sh", "{phase_id}"])
    weekly = (
        '{"run_id": "weekly", "phase_id": "a", "state": "upstream_failed"}\n{"run_id": "weekly"'
    )
    (tmp_path / "weekly.jsonl").write_text(weekly)
    worker = Host("up", "--role", "worker", "--workers", "1", folder=tmp_path / "up")
    try:
        until(lambda: strength().workers == 1, 60, worker)
        pasted = "".join(f"echo; echo '=== {at}'\n{block}" for at, block in enumerate(BLOCKS))
        done = subprocess.run(
            ["sh", "-e"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
            input=pasted.replace("https://drains.example.org", live_server.url),
            env={"PATH": os.environ["PATH"], "DRAIN_URL": live_server.url, "DRAIN_TOKEN": token},
        )  # fmt: skip
    finally:
        worker.end()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    said = re.split(r"^=== \d+\n", done.stdout, flags=re.M)[1:]
    preview = json.loads(said[1])
    assert (preview["phases"], preview["left_out"], preview["dry_run"]) == (2, 1, True)
    imported, plan = map(json.loads, said[2].strip().splitlines())
    assert (imported["created"], imported["dry_run"]) == (3, False)
    assert plan["selected"] == 2
    ended, left = map(json.loads, said[3].strip().splitlines())
    assert (ended["complete"], ended["failed"]) == (1, 1)
    assert [each["phase_id"] for each in left["items"]] == ["send"]
    assert json.loads(said[4])["done"] == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["session"] == ended["session"]
    assert Phase.objects.get(phase_id="send").state == "SKIPPED"
    lenient = json.loads(said[5])
    assert (lenient["created"], lenient["rejected"], lenient["rejects"][0]["line"]) == (1, 1, 2)
    assert DrainSession.objects.count() == 2, "the first round's, and that of the last line"
