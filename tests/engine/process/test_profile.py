"""Executors that a host cannot run are named in sentences before a phase is touched;
a preflight tells a broken environment.
"""

from __future__ import annotations

import sys

import pytest

from drain.engine.process.preflight import run_preflight
from drain.engine.process.profile import Profile, check


def test_a_profile_that_can_run_has_no_problems(tmp_path):
    assert (
        check(
            Profile(
                "p", (sys.executable, "-m", "json.tool", "{phase_id}"), cwd=str(tmp_path), timeout=5
            )
        )
        == []
    )
    assert check(Profile("p", ("true",))) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"argv": ()}, "The profile has no command"),
        ({"argv": ("no-such-command",)}, "was not found in PATH"),
        ({"argv": ("/no/such",)}, "does not exist on this host"),
        ({"argv": ("/etc/passwd",)}, "is not executable"),
        ({"argv": ("/etc",)}, "is not executable"),
        ({"argv": ("sh", "-c", "{run_id}")}, "could run as code"),
        (
            {"argv": ("sh", "./no-such.sh", "{phase_id}")},
            "The script ./no-such.sh does not exist in ",
        ),
        (
            {"argv": ("sh", "./no-such.sh"), "cwd": "/"},
            "does not exist in /, where its phases run here; name",
        ),
        (
            {"argv": ("/usr/bin/python3", "/no/such.py")},
            "The script /no/such.py does not exist on this host.",
        ),
        ({"cwd": "/no/such/folder"}, "The folder /no/such/folder does not exist"),
        ({"timeout": 0}, "more than 0 seconds"),
        ({"timeout": float("nan")}, "more than 0 seconds"),
        ({"env_from": ("NOT_HERE",)}, "has no NOT_HERE"),
        ({"preflight": "a 'b"}, "cannot be split"),
        ({"os_user": "no-such-user"}, "no OS user"),
    ],
)
def test_each_problem_is_a_sentence(values, sentence):
    problems = check(Profile(**({"name": "p", "argv": ("true",)} | values)))
    assert [
        problem for problem in problems if sentence in problem and problem.endswith((".", ")."))
    ]


@pytest.mark.parametrize(
    "argv",
    [
        ("sh", "jobs/one.sh", "{phase_id}"),
        ("sh", "-c", "exec sh ./not-here.sh"),
        ("sh", "searched-in-path.sh"),
        ("echo", "./not-here.sh"),
        ("python3", "-m", "json.tool", "./not-here.sh"),
        ("python3", "./jobs"),
    ],
)
def test_only_a_script_that_is_named_by_its_path_is_looked_for(tmp_path, argv):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "one.sh").touch()
    assert check(Profile("p", argv, cwd=str(tmp_path))) == []


@pytest.mark.parametrize(
    ("command", "ok", "sentence"),
    [
        ("", True, "has no preflight"),
        ("true", True, "passed"),
        ("sh -c 'echo broken; exit 3'", False, "failed with exit 3"),
        ("sh -c 'kill -9 $$'", False, "signal 9"),
        ("sleep 30", False, "did not end within 0.3 s"),
        ("no-such-command", False, "was not found"),
        ("a 'b", False, "cannot be split"),
        ("true; false", False, "was not found"),
    ],
)
def test_a_preflight_says_how_it_went(folder, command, ok, sentence):
    result = run_preflight(Profile("p", ("true",), preflight=command), folder=folder, timeout=0.3)
    assert result.ok is ok
    assert sentence in result.sentence


def test_a_preflight_shows_what_it_printed(folder):
    result = run_preflight(
        Profile("p", ("true",), preflight="sh -c 'echo broken; exit 3'"), folder=folder
    )
    assert result.output_tail == "broken\n"
