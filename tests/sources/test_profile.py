"""The environment of Autopack's phases: its parts, their origins, and that nobody's settings are lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from drain.engine.process.profile import Profile
from drain.engine.source.profile import for_source
from drain.engine.workers.executors import ProfileInput, set_profile
from drain.models import ExecutorProfile, Source
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.autopack.profile import argv, interpreter_of, keys_to_name

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parent.parent / "data"
ADA = Person("ada", Origin.COMMAND)
BASE = {"TELEMETRY_DB_ENABLED": "1", "PYTHONPATH": "src", "PYTHONUTF8": "1"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout of Autopack with a virtual environment of its own."""
    shutil.copytree(DATA / "autopack_workspace", tmp_path / "workspace")
    python = tmp_path / "workspace" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path / "workspace"


def imported(autopack, workspace: Path, *options: str) -> str:
    """Import the sample; returns what was said on stderr."""
    err = StringIO()
    call_command(
        "import_autopack", autopack.url, "--name", "auto", "--workspace", str(workspace), *options,
        stdout=StringIO(), stderr=err,
    )  # fmt: skip
    return err.getvalue()


def profile() -> ExecutorProfile:
    return ExecutorProfile.objects.get(name="autopack:auto")


def environment() -> dict[str, str]:
    """Return the variables of phases beside the short list that all get."""
    stored = profile()
    return dict(for_source(Profile(stored.name, tuple(stored.argv), env=stored.env)).env)


def test_the_interpreter_is_the_workspace_s_own(autopack, workspace):
    imported(autopack, workspace)
    own = str(workspace / ".venv/bin/python")
    assert profile().argv == argv(own)
    assert profile().preflight.startswith(own)
    assert interpreter_of(str(DATA)) == sys.executable


def test_a_phase_gets_its_source_what_autopack_expects_and_the_workers_own_variables(
    autopack, workspace, monkeypatch
):
    monkeypatch.setenv("AUTOPACK_RUN_TYPE", "self_repair")
    monkeypatch.setenv("AUTOPACK_SKIP_CI", "1")
    imported(autopack, workspace)
    mine = {"AUTOPACK_RUN_TYPE": "self_repair", "AUTOPACK_SKIP_CI": "1"}
    assert environment() == {**BASE, **mine, "DATABASE_URL": autopack.url}
    set_profile(ProfileInput("autopack:auto", ("true",), env={"AUTOPACK_SKIP_CI": "0"}), ADA, "x")
    assert environment()["AUTOPACK_SKIP_CI"] == "0", "what the profile says wins"


def test_what_a_person_sets_survives_an_import_and_what_a_source_sets_survives_a_person(
    autopack, workspace
):
    imported(autopack, workspace, "--env-from", "ANTHROPIC_API_KEY")
    command = ("python3", "-X", "dev", "scripts/drain_one_phase.py", "{run_id}", "{phase_id}")
    given = ProfileInput(
        "autopack:auto",
        command,
        timeout_seconds=70,
        env={"PYTHONPATH": "lib"},
        env_from=("GLM_API_KEY",),
    )
    set_profile(given, ADA, "a test")
    assert environment() == {**BASE, "PYTHONPATH": "lib", "DATABASE_URL": autopack.url}
    imported(autopack, workspace, "--env-from", "OPENAI_API_KEY")
    after = profile()
    assert (tuple(after.argv), after.timeout_seconds) == (command, 70)
    assert (after.env, after.env_from) == ({"PYTHONPATH": "lib"}, ["GLM_API_KEY", "OPENAI_API_KEY"])
    assert after.preflight == "", "a person took it away"


def test_another_interpreter_goes_into_the_command_and_its_preflight(autopack, workspace):
    imported(autopack, workspace)
    imported(autopack, workspace, "--python", "/usr/bin/python3")
    assert profile().argv == argv("/usr/bin/python3")
    assert profile().preflight.startswith("/usr/bin/python3 ")


def test_keys_are_offered_when_they_are_there_and_named_when_they_are_missing(
    autopack, workspace, monkeypatch
):
    for name in ("GLM_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert "GLM_API_KEY, ANTHROPIC_API_KEY, OPENAI_API_KEY, GOOGLE_API_KEY" in imported(
        autopack, workspace
    )
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    assert "add --env-from OPENAI_API_KEY." in imported(autopack, workspace)
    assert imported(autopack, workspace, "--env-from", "OPENAI_API_KEY") == ""
    assert profile().env_from == ["OPENAI_API_KEY"]


def test_several_keys_are_offered_at_once():
    said = keys_to_name((), {"GLM_API_KEY": "a", "OPENAI_API_KEY": "b", "GOOGLE_API_KEY": ""})
    assert said.startswith("GLM_API_KEY and OPENAI_API_KEY are set here")
    assert said.endswith("--env-from GLM_API_KEY OPENAI_API_KEY.")


@pytest.mark.parametrize(
    ("line", "ok", "said"),
    [
        ("from json import loads", True, ""),
        (
            "from autopack.autonomous_executor import AutonomousExecutor",
            False,
            "No module named 'autopack",
        ),
        ("from json import nothing", False, "No module named 'json.nothing'"),
    ],
)
def test_the_preflight_imports_what_a_phase_imports(autopack, workspace, line, ok, said):
    script = workspace / "scripts" / "drain_one_phase.py"
    script.write_text(f"{line}\nraise SystemExit(1)\n")
    imported(autopack, workspace)
    done = subprocess.run(
        profile().preflight,
        shell=True,
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode == 0, said in done.stderr) == (ok, True)


def test_a_source_of_another_name_has_no_part_in_a_profile():
    plain = Profile("shell", ("true",), env={"A": "1"})
    assert for_source(plain) is plain
    assert Source.objects.count() == 0
