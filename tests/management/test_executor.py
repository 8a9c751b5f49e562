"""`manage.py executor`."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError

from drain.engine.errors import EngineError
from drain.engine.workers.executors import ProfileInput, remove_profile, set_profile
from drain.management.commands.executor import Command
from drain.models import AuditEvent, ExecutorProfile, Run
from drain.models.audit import Person
from drain.models.vocabulary import Origin

pytestmark = pytest.mark.django_db
BY = Person("os:ann@host", Origin.COMMAND)


@pytest.fixture(autouse=True)
def keep_the_connection(monkeypatch):
    """A command closes its connections at the end, and with them this test's transaction."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


def executor(capsys, *argv: str) -> tuple[int, str, str]:
    """Exit code, output and errors, as a shell would see them."""
    try:
        Command().run_from_argv(["manage.py", "executor", *argv])
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_profile_is_set_listed_and_removed(capsys):
    code, _, errors = executor(
        capsys,
        "set",
        "build",
        "--timeout",
        "5",
        "--env",
        "A=1",
        "B=x=y",
        "--env-from",
        "HOME",
        "--default",
        "--",
        "/bin/echo",
        "--phase",
        "{phase_id}",
    )
    assert (code, errors) == (0, "")
    stored = ExecutorProfile.objects.get()
    assert stored.argv == ["/bin/echo", "--phase", "{phase_id}"]
    assert (stored.env, stored.env_from, stored.is_default) == (
        {"A": "1", "B": "x=y"},
        ["HOME"],
        True,
    )
    shown = json.loads(executor(capsys, "list", "--json")[1])
    assert shown[0]["env"] == {"A": "***", "B": "***"}
    assert executor(capsys, "remove", "build", "--reason", "x")[0] == 0
    assert list(AuditEvent.objects.order_by("id").values_list("verb", flat=True)) == [
        "executor.set",
        "executor.remove",
    ]
    assert AuditEvent.objects.filter(actor__startswith="os:").count() == 2


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["x", "--timeout", "0", "--", "true"], "timeout must be more than 0"),
        (["x", "--timeout", "nan", "--", "true"], "timeout must be more than 0"),
        (["x", "--"], "Nothing to change of executor x: name an option, or its command after --"),
        (["x"], "Nothing to change of executor x"),
        (["x", "--cwd", "/srv"], "There is no executor 'x' to change: a new one needs its command"),
        (["x", "--max-parallel", "0", "--", "true"], "--max-parallel must be between"),
        (["x", "--", "run", "{nope}"], "Unknown placeholder {nope}"),
        (["x", "--", "sh", "-c", "echo {phase_id}"], "could run as code"),
        (["x", "--env", "A", "--", "true"], "--env takes NAME=VALUE"),
        (["x", "--env", "DRAIN_CLAIM=1", "--", "true"], "DRAIN_CLAIM is set for each attempt"),
        (["x", "--env-from", "SECRET_KEY", "--", "true"], "SECRET_KEY belongs to this site"),
        (["x", "--preflight", "'open", "--", "true"], "cannot be split"),
        (["../x", "--", "true"], "cannot name an executor"),
        (["x", "--kind", "http"], "needs --url"),
        (["x", "--kind", "http", "--url", "http://u:p@h"], "would show its password"),
        (["x", "--kind", "http", "--url", "http://h", "--cwd", "/"], "--cwd cannot be where"),
        (
            ["x", "--kind", "http", "--url", "http://h", "--os-user", "ann"],
            "--os-user cannot be where",
        ),
        (["x", "--kind", "http", "--url", "http://h", "--header-from", "A"], "HEADER=VARIABLE"),
        (
            ["x", "--kind", "http", "--url", "http://h", "--header-from", "A=SECRET_KEY"],
            "SECRET_KEY belongs",
        ),
        (["x", "--kind", "ray", "--url", "http://h"], "no command"),
        (["x", "--url", "http://h", "--", "true"], "add --kind"),
        (["x", "--header-from", "A=B", "--", "true"], "add --kind"),
    ],
)
def test_nonsense_is_refused_with_one_sentence(capsys, argv, sentence):
    code, _, errors = executor(capsys, "set", *argv)
    assert code == 1
    assert sentence in errors
    assert not ExecutorProfile.objects.exists()


def test_without_a_command_only_what_is_named_changes(capsys):
    first = ("build", "--cwd", "/srv", "--env", "A=1", "B=2", "--env-from", "HOME", "--allow-dash")
    executor(capsys, "set", *first, "--default", "--", "/bin/echo", "{phase_id}")
    code, out, errors = executor(
        capsys,
        "set",
        "build",
        "--env",
        "B=3",
        "C=4",
        "--env-from",
        "LANG",
        "--timeout",
        "7",
        "--reason",
        "x",
    )
    assert (code, errors, out) == (0, "", "Executor build is set and the default.\n")
    stored = ExecutorProfile.objects.get()
    assert stored.env == {"A": "1", "B": "3", "C": "4"}
    assert (stored.env_from, stored.timeout_seconds) == (["HOME", "LANG"], 7)
    assert (stored.cwd, stored.argv) == ("/srv", ["/bin/echo", "{phase_id}"])
    assert (stored.allow_dash, stored.is_default) == (True, True)
    assert executor(capsys, "set", "build", "--cwd", "", "--reason", "x")[0] == 0
    assert ExecutorProfile.objects.get().cwd == ""
    old = AuditEvent.objects.order_by("-id")[0].old
    assert (old["cwd"], old["argv"]) == ("/srv", ["/bin/echo", "{phase_id}"])
    assert executor(capsys, "set", "build", "--reason", "x", "--", "/bin/true")[0] == 0
    assert ExecutorProfile.objects.get().env == {}, "with its command it is set as a whole"


def test_a_change_that_no_host_could_run_changes_nothing(capsys):
    executor(capsys, "set", "build", "--env", "A=1", "--", "true")
    code, _, errors = executor(capsys, "set", "build", "--cwd", "/x", "--env", "SECRET KEY=1")
    assert code == 1
    assert "cannot be the name of an environment variable" in errors
    stored = ExecutorProfile.objects.get()
    assert (stored.cwd, stored.env) == ("", {"A": "1"})


def test_unknown_flags_are_usage_errors(capsys):
    assert executor(capsys, "set", "x", "--nope")[0] == 2
    assert executor(capsys, "dance")[0] == 2


def test_a_command_that_is_not_here_is_a_warning_when_set_and_a_failed_check_later(
    capsys, tmp_path
):
    script = tmp_path / "script"
    script.write_text("")
    code, _, errors = executor(capsys, "set", "x", "--", str(script))
    assert code == 0
    assert "is not executable" in errors
    code, _, errors = executor(capsys, "check", "x")
    assert code == 3
    assert "is not executable" in errors
    script.chmod(0o755)
    assert executor(capsys, "check")[0] == 0


def test_a_new_default_takes_the_place_of_the_old_one():
    set_profile(ProfileInput("a", ("true",), is_default=True), BY)
    set_profile(ProfileInput("b", ("true",), is_default=True), BY)
    set_profile(ProfileInput("b", ("true", "-x")), BY, "a test")
    assert list(ExecutorProfile.objects.filter(is_default=True).values_list("name", flat=True)) == [
        "b"
    ]


def test_what_changes_or_removes_an_executor_that_is_there_asks_why(capsys):
    set_profile(ProfileInput("a", ("true",)), BY)
    set_profile(ProfileInput("a", ("true",)), BY)
    code, _, errors = executor(capsys, "set", "a", "--timeout", "5")
    assert (code, "A reason is missing" in errors) == (1, True)
    assert executor(capsys, "set", "a", "--", "false")[0] == 1
    assert executor(capsys, "remove", "a")[0] == 2
    with pytest.raises(EngineError, match="A reason is missing"):
        remove_profile("a", BY, "  ")
    stored = ExecutorProfile.objects.get()
    assert (stored.argv, stored.timeout_seconds) == (["true"], None)
    assert executor(capsys, "set", "a", "--timeout", "5", "--reason", "it hangs")[0] == 0
    assert executor(capsys, "remove", "a", "--reason", "it is gone")[0] == 0
    told = AuditEvent.objects.order_by("pk").values_list("verb", "reason")
    assert list(told)[2:] == [("executor.set", "it hangs"), ("executor.remove", "it is gone")]


def test_a_profile_that_runs_name_stays():
    profile, _ = set_profile(ProfileInput("a", ("true",)), BY)
    Run.objects.create(run_id="r", executor=profile)
    with pytest.raises(EngineError, match="named by 1 run and cannot be removed"):
        remove_profile("a", BY, "a test")
    assert ExecutorProfile.objects.filter(name="a").exists()
    with pytest.raises(EngineError, match="There is no executor 'b'; there are: a"):
        remove_profile("b", BY, "a test")


def test_a_command_error_names_its_exit_code():
    with pytest.raises(CommandError):
        Command().handle(verb="remove", name="nobody", reason="", json=False)


def test_program_text_is_allowed_in_words_that_the_list_and_the_audit_repeat(capsys):
    argv = ("set", "x", "--reason", "trusted names", "--", "sh", "-c", "run {phase_id}")
    code, _, errors = executor(capsys, *argv)
    assert (code, ExecutorProfile.objects.count()) == (1, 0)
    assert "could run as code" in errors
    assert executor(capsys, "set", "x", "--allow-program-text", *argv[2:])[0] == 0
    assert executor(capsys, "list")[1].endswith(" - values may stand in program text\n")
    event = AuditEvent.objects.get()
    assert (event.new["allow_program_text"], event.reason) == (True, "trusted names")
    code, _, errors = executor(capsys, "set", "x", "--", "sh", "-c", "run {phase_id}")
    assert code == 1, "a new command is not allowed what the old one was"
    assert ExecutorProfile.objects.get().allow_program_text


def test_a_service_is_set_changed_and_checked_for_the_variables_of_its_headers(capsys, monkeypatch):
    at = ("--kind", "http", "--url", "http://h/jobs", "--header-from", "Authorization=JOBS_AUTH")
    code, _, errors = executor(capsys, "set", "jobs", *at)
    assert code == 0
    assert "environment on this host has no JOBS_AUTH" in errors
    monkeypatch.setenv("JOBS_AUTH", "Bearer s3cr3t")
    assert executor(capsys, "check", "jobs")[0] == 0
    monkeypatch.setenv("JOBS_AUTH", "two\nlines")
    code, _, errors = executor(capsys, "check", "jobs")
    assert (code, "no header can carry" in errors, "two" in errors) == (3, True, False)
    log_url = "http://h/jobs/{submission_id}/log"
    assert executor(capsys, "set", "jobs", "--log-url", log_url, "--reason", "x")[0] == 0
    shown = json.loads(executor(capsys, "list", "--json")[1])[0]
    assert (shown["kind"], shown["url"], shown["log_url"]) == ("http", "http://h/jobs", log_url)
    assert shown["headers_from"] == {"Authorization": "JOBS_AUTH"}


def test_a_ramp_and_a_delay_are_set_kept_by_other_changes_and_listed(capsys):
    pace = ("--ramp", "0.2", "--max-parallel", "8", "--run-delay-seconds", "0.5")
    assert executor(capsys, "set", "jobs", *pace, "--", "/bin/true")[0] == 0
    assert executor(capsys, "set", "jobs", "--cwd", "/", "--reason", "moved")[0] == 0
    (listed,) = json.loads(executor(capsys, "list", "--json")[1])
    assert (listed["ramp"], listed["max_parallel"], listed["run_delay_seconds"]) == (0.2, 8, 0.5)
    assert listed["ramp_size"] == 1
    code, _, errors = executor(capsys, "set", "other", "--ramp", "0.2", "--", "/bin/true")
    assert (code, "--max-parallel" in errors) == (1, True)
    assert ExecutorProfile.objects.count() == 1


def test_a_command_that_names_a_file_here_runs_here_wherever_the_workers_were_started(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.sh").touch()
    named = ("--", "sh", "./job.sh", "{phase_id}")
    assert executor(capsys, "set", "jobs", *named) == (
        0,
        f"Executor jobs is set. Its phases run in {tmp_path}, where its files are (--cwd DIR names another).\n",
        "",
    )
    assert ExecutorProfile.objects.get().cwd == str(tmp_path)
    executor(capsys, "set", "jobs", "--cwd", "/", "--reason", "x", *named)
    assert ExecutorProfile.objects.get().cwd == "/", "what is given holds"
    code, out, _ = executor(
        capsys, "set", "jobs", "--reason", "x", "--", "sh", "-c", "true", "{phase_id}"
    )
    assert (code, out, ExecutorProfile.objects.get().cwd) == (0, "Executor jobs is set.\n", "")


def test_a_change_without_a_reason_names_the_option_that_takes_one(capsys):
    executor(capsys, "set", "jobs", "--", "true")
    code, _, errors = executor(capsys, "set", "jobs", "--timeout", "5")
    assert code == 1
    assert "A reason is missing: say why with --reason TEXT, for" in errors
