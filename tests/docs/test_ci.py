"""docs/ci.md: what its snippets have a runner's shell do, done against a site.
Only the three systems and git are stand-ins.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from drain.models import FixMarker, Phase, Rollout
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.factories import ExecutorFactory, FingerprintFactory, PhaseFactory
from tests.people import person

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text()
YAML = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S)]
GROOVY = re.findall(r"sh '''\n(.*?)'''", TEXT, re.S)
KEY = "ab12" * 4
SHA = "0f" * 20
REPORT = """<testsuite name="shop"><testcase classname="test_shop" name="test_prices"><failure message="no prices"/>
</testcase><testcase classname="test_shop" name="test_names"/></testsuite>"""


def snippets() -> dict[str, tuple[str, str]]:
    """By system: what it runs after failed tests, and after a deployment."""
    github, gitlab = YAML
    jobs = github["jobs"]
    return {
        "github": (jobs["test"]["steps"][-1]["run"], jobs["deployed"]["steps"][-1]["run"]),
        "gitlab": (gitlab["test"]["after_script"][0], gitlab["deployed"]["script"][0]),
        # In a string of Groovy's a backslash is written twice.
        "jenkins": tuple(text.replace("\\\\", "\\") for text in GROOVY),
    }


@pytest.fixture
def runner(tmp_path: Path, live_server: Any) -> Any:
    """Return a function that runs a snippet as a runner would, behind a commit that ends with these lines."""
    by = Person("root", Origin.ADMIN)
    _, token = issue_token(person(Role.MANAGER), "ci", by, expires_at=None)
    (tmp_path / "report.xml").write_text(REPORT)
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\nprintf "%s\\n" "$TRAILER"\n')
    git.chmod(0o755)
    numbers = {"GITHUB_RUN_ID": "7", "CI_PIPELINE_ID": "7", "BUILD_NUMBER": "7"}
    commits = {"GITHUB_SHA": SHA, "CI_COMMIT_SHA": SHA, "GIT_COMMIT": SHA}

    def run(script: str, trailer: str = "", status: str = "failed") -> None:
        given = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "DRAIN_URL": live_server.url,
            "DRAIN_TOKEN": token,
            "CI_JOB_STATUS": status,
            "TRAILER": trailer,
            **numbers,
            **commits,
        }
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=given, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert token not in done.stdout + done.stderr

    return run


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("system", ["github", "gitlab", "jenkins"])
def test_failed_tests_come_in_once_and_a_fix_that_a_commit_names_is_drained(system, runner):
    ExecutorFactory(name="tests")
    failed, deployed = snippets()[system]
    for _ in range(2):
        runner(failed)
    came = Phase.objects.filter(run__run_id=f"{system}-7", run__source__name=system)
    assert sorted(came.values_list("state", flat=True)) == ["COMPLETE", "FAILED"]
    assert set(came.values_list("run__executor__name", flat=True)) == {"tests"}
    FingerprintFactory(key=KEY)
    PhaseFactory(state="FAILED", last_fingerprint=KEY)
    runner(deployed)
    runner(deployed, trailer="no key")
    assert not FixMarker.objects.exists(), "a commit that names no fingerprint"
    runner(deployed, trailer=KEY)
    marker = FixMarker.objects.get()
    assert (marker.commit, marker.title) == (SHA, f"Deployed {SHA}")
    assert Rollout.objects.filter(marker=marker).exists()


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
def test_a_job_of_gitlab_s_that_passed_hands_nothing_over(runner):
    runner(snippets()["gitlab"][0], status="success")
    assert not Phase.objects.exists()
