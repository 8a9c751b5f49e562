"""Executors that a host cannot run are named in sentences before a phase is touched;
a preflight tells a broken environment.
"""

from __future__ import annotations

import sys

import pytest

from drain.engine.process.preflight import run_preflight
from drain.engine.process.profile import Profile, check
from drain.policy.remote import Kind, Remote


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
        ({"argv": ("/x" * 3000,)}, "cannot be looked at: File name too long."),
        ({"argv": ("/a\0b",)}, "The command /a\0b cannot be looked at: "),
        ({"argv": ("./run-it",), "cwd": "/"}, "The command ./run-it does not exist on this host."),
        ({"argv": ("sh", "./no-such.sh"), "cwd": "/x"}, "The folder /x does not exist"),
        ({"cwd": "/etc/passwd"}, "/etc/passwd is no folder on this host."),
        ({"cwd": "/x" * 3000}, "cannot be looked into: File name too long."),
        ({"timeout": float("inf")}, "more than 0 seconds"),
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
def test_each_problem_is_a_sentence(values, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run-it").touch(mode=0o755)
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


def test_a_command_is_looked_for_where_the_phases_run_and_in_their_path(tmp_path):
    (tmp_path / "run-it").touch(mode=0o755)
    assert check(Profile("p", ("./run-it",), cwd=str(tmp_path))) == []
    assert check(Profile("p", ("run-it",), env={"PATH": str(tmp_path)})) == []
    assert "was not found in PATH" in check(Profile("p", ("sh",), env={"PATH": str(tmp_path)}))[0]


def test_a_command_that_a_value_names_and_a_script_that_cannot_be_looked_at_are_not_refused(
    tmp_path,
):
    assert check(Profile("p", ("./{phase_id}",), allow_program_text=True)) == []
    assert check(Profile("p", ("sh", "./{phase_id}.sh"), allow_program_text=True)) == []
    assert check(Profile("p", ("sh", "./" + "x" * 3000), cwd=str(tmp_path))) == []
    assert check(Profile("p", ("sh", "-./x"), cwd=str(tmp_path))) == []


def test_what_is_missing_is_said_once():
    (problem,) = check(Profile("p", ("/no/such/sh", "./no-such.sh")))
    assert problem == "The command /no/such/sh does not exist on this host."


@pytest.mark.parametrize(
    ("values", "remote", "sentence"),
    [
        ({}, {"headers": {"Authorization": "NOT_HERE"}}, "has no NOT_HERE"),
        ({"env_from": ("NOT_HERE",)}, {}, "has no NOT_HERE"),
        ({"argv": ("sh", "-c", "{run_id}")}, {}, "could run as code"),
        ({"argv": ()}, {"kind": Kind.RAY}, "has no command"),
        ({"cwd": "/no/such/folder"}, {}, "The folder /no/such/folder does not exist"),
    ],
)
def test_an_executor_of_a_service_is_checked_for_what_this_host_adds(values, remote, sentence):
    service = Remote(**({"kind": Kind.HTTP, "url": "http://h/start"} | remote))
    problems = check(Profile(**({"name": "p", "argv": ("no-such",), "remote": service} | values)))
    assert [each for each in problems if sentence in each]


def test_an_executor_of_a_service_needs_neither_a_command_nor_one_of_this_host():
    service = Remote(Kind.HTTP, "http://h/start")
    assert check(Profile("p", (), remote=service)) == []
    assert check(Profile("p", ("no-such-command",), remote=service)) == []


@pytest.mark.parametrize(
    ("command", "ok", "sentence"),
    [
        ("", True, "has no preflight"),
        ("true", True, "passed"),
        ("sh -c 'echo broken; exit 3'", False, "failed with exit 3"),
        ("sh -c 'kill -9 $$'", False, "signal 9"),
        ("sleep 30", False, "did not end within 0.3 s"),
        ("no-such-command", False, "was not found"),
        ("sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.02; done'", False, "did not end within"),
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


def test_a_preflight_that_prints_much_leaves_nothing_in_the_folder(folder):
    command = "head -c 600000 /dev/urandom"
    result = run_preflight(Profile("p", ("true",), preflight=command), folder=folder)
    assert result.ok
    assert list(folder.iterdir()) == []


def test_a_preflight_runs_as_its_phases_do_and_shows_no_secret(folder):
    env = {"OWN": "hunter2-secret"}
    command = "sh -c 'echo $OWN ${#DRAIN_CLAIM} ${DATABASE_URL-none}'"
    result = run_preflight(Profile("p", ("true",), env=env, preflight=command), folder=folder)
    assert result.output_tail == "*** 65 none\n"
