"""The executor form: a command as people write it, the arguments that a program gets,
the rules of `executor set`.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client

from drain.dashboard.executors.form import split_command
from drain.models import AuditEvent, DrainSession, ExecutorProfile, Hold
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import ExecutorFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/executors/set/"


@pytest.fixture
def administrator() -> Client:
    return signed_in(Role.ADMINISTRATOR)


def _save(client: Client, command: str = "sh ./job.sh '{phase_id}'", **more: str):
    return client.post(
        ADDRESS, {"name": "jobs", "command": command, "cwd": "/", "act": "save", **more}
    )


def test_a_command_is_shown_as_its_arguments_and_nothing_is_saved(administrator):
    page = _save(administrator, "sh './my job.sh' {phase_id} | tee", act="show").content.decode()
    shown = re.findall(r"<li><code class=\"command\">(.*?)</code>", page)
    assert shown == ["sh", "./my job.sh", "{phase_id}", "|", "tee"]
    assert "|: passed on as an argument, since no shell reads it." in page
    assert not ExecutorProfile.objects.exists()
    assert not AuditEvent.objects.exists()


def test_saving_is_executor_set_with_its_audit_and_leads_to_a_preview(administrator):
    answer = _save(
        administrator, timeout="60", env="LEVEL=a=b\nEMPTY=", env_from="HOME PATH", is_default="on",
        max_parallel="3", reason="the nightly jobs",
    )  # fmt: skip
    assert answer.headers["Location"] == "/drains/new/"
    profile = ExecutorProfile.objects.get()
    assert profile.argv == ["sh", "./job.sh", "{phase_id}"]
    assert (profile.name, profile.cwd, profile.timeout_seconds) == ("jobs", "/", 60.0)
    assert (profile.env, profile.env_from) == ({"LEVEL": "a=b", "EMPTY": ""}, ["HOME", "PATH"])
    assert (profile.is_default, profile.max_parallel) == (True, 3)
    event = AuditEvent.objects.get()
    assert (event.verb, event.origin, event.reason) == (
        "executor.set",
        "browser",
        "the nightly jobs",
    )
    assert "a=b" not in str(event.new)


def test_a_service_that_runs_phases_is_set_and_survives_an_edit_in_the_form(administrator):
    place = {
        "kind": "http", "url": "https://h/jobs", "log_url": "https://h/{submission_id}/log",
        "headers_from": "Authorization = JOBS_AUTH\n",
    }  # fmt: skip
    assert _save(administrator, "", cwd="", **place).headers["Location"] == "/drains/new/"
    page = administrator.get(f"{ADDRESS}?name=jobs").content.decode()
    assert '<option value="http" selected>' in page
    (headers,) = re.findall(r'name="headers_from"[^>]*>\n(.*?)</textarea>', page)
    assert headers == "Authorization=JOBS_AUTH"
    for name in ("url", "log_url"):
        assert f'value="{place[name]}"' in page
    profile = ExecutorProfile.objects.get()
    assert (profile.kind, profile.argv) == ("http", [])
    assert profile.headers_from == {"Authorization": "JOBS_AUTH"}


def test_an_executor_is_tried_on_the_first_failed_phase_that_it_would_run(administrator):
    other = ExecutorFactory(name="other", is_default=False)
    PhaseFactory(run=RunFactory(executor=other), phase_id="of-another", state="FAILED")
    held = PhaseFactory(run=RunFactory(run_id="held"), phase_id="held-back", state="FAILED")
    Hold.objects.create(kind="run", value="held", reason="broken branch", created_by="ann")
    phase = PhaseFactory(phase_id="the-one", state="FAILED")
    saved = _save(administrator, act="try", is_default="on")
    assert saved.headers["Location"] == "/executors/try/?name=jobs"
    page = administrator.get(saved.headers["Location"]).content.decode()
    assert "Try executor jobs on 1 phase" in page
    assert "the-one" in page
    assert not DrainSession.objects.exists(), "it asks first"
    (action,) = re.findall(r'action="(/phases/\d+/drain/)"', page)
    assert action == f"/phases/{phase.pk}/drain/"
    started = administrator.post(action, {"confirmed": "1"})
    session = DrainSession.objects.get()
    assert started.headers["Location"] == f"/drains/{session.pk}/"
    assert session.scope["phase"] == phase.pk
    assert held.attempts == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("jobs", "No failed phase is ready to try it on"), ("gone", "There is no executor")],
)
def test_what_cannot_be_tried_leads_to_the_preview(administrator, name, said):
    _save(administrator)
    PhaseFactory(state="COMPLETE")
    answer = administrator.get("/executors/try/", {"name": name}, follow=True)
    assert answer.redirect_chain[-1][0] == "/drains/new/"
    assert said in answer.content.decode()


def test_an_executor_comes_back_as_it_was_typed_without_its_values(administrator):
    _save(administrator, "sh './my job.sh' {phase_id}", env="KEY=secret-value")
    page = administrator.get(f"{ADDRESS}?name=jobs").content.decode()
    assert "secret-value" not in page
    hidden = re.search(r"KEY=([^<\s]+)", page)
    assert hidden is not None
    assert "sh &#39;./my job.sh&#39; &#39;{phase_id}&#39;" in page
    _save(administrator, "sh other.sh", env=f"KEY={hidden[1]}\nMORE=1")
    assert ExecutorProfile.objects.get().env == {"KEY": "secret-value"}, "a change says why"
    _save(administrator, "sh other.sh", env=f"KEY={hidden[1]}\nMORE=1", reason="more of it")
    assert ExecutorProfile.objects.get().env == {"KEY": "secret-value", "MORE": "1"}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"command": ""}, "has no command"),
        ({"command": "sh 'open"}, "cannot be split into arguments: no closing quotation"),
        ({"command": "sh -c 'echo {phase_id}'"}, "could be a program with a value in it"),
        ({"command": "run {nonsense}"}, "nonsense"),
        ({"name": "-x"}, "cannot name an executor"),
        ({"timeout": "soon"}, "The timeout is a whole number"),
        ({"max_parallel": "0"}, "must be between 1 and"),
        ({"env": "LEVEL"}, "NAME=VALUE, one a line"),
        ({"env": "NEW=•••"}, None),
        ({"env_from": "DJANGO_SECRET_KEY"}, None),
        ({"service_url": "nowhere"}, "takes an address like"),
        ({"kind": "http"}, "needs --url"),
        ({"kind": "http", "url": "https://h", "os_user": "ann"}, "--os-user cannot be where"),
        ({"kind": "teleport"}, "--kind is one of local, http, ray"),
        ({"headers_from": "Authorization"}, "A header is HEADER=VARIABLE"),
        ({"url": "https://h"}, "add --kind"),
    ],
)
def test_what_no_host_could_run_is_refused_and_what_was_typed_stays(administrator, typed, sentence):
    if sentence is None:
        from drain.policy.secrets import HIDDEN

        typed = {"env": f"NEW={HIDDEN}"} if "env" in typed else {"env_from": "DRAINSITE_SECRET_KEY"}
        sentence = "has none: give one" if "env" in typed else "DRAINSITE_SECRET_KEY"
    answer = administrator.post(
        ADDRESS, {"name": "jobs", "command": "true", "preflight": "mine", "act": "save", **typed}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in re.sub("&#39;", "'", page)
    assert 'value="mine"' in page
    assert not ExecutorProfile.objects.exists()


def test_only_administrators_see_the_form():
    assert signed_in(Role.MANAGER).get(ADDRESS).status_code == 403


def test_a_command_with_markup_is_shown_as_text(administrator):
    page = _save(administrator, "run '<script>alert(1)</script>'", act="show").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_quotes_are_read_as_a_shell_reads_them():
    assert split_command("a \"b c\" 'd e' f\\ g {params[x]}") == (
        "a",
        "b c",
        "d e",
        "f g",
        "{params[x]}",
    )


def test_the_form_says_as_whom_phases_run_and_what_they_can_read(administrator, monkeypatch):
    page = administrator.get(ADDRESS).content.decode()
    assert "the secret key of the\n        site and the password of the embedded database" in page
    assert "up --phase-user NAME" in page
    admin = administrator.get("/admin/drain/executorprofile/add/").content.decode()
    assert "without up --phase-user, a phase can read the secrets of the site" in admin
    monkeypatch.setenv("DRAIN_PHASE_USER", "ci")
    page = administrator.get(ADDRESS).content.decode()
    assert "Without one it runs as <code>ci</code> on this host" in page
    assert "the secret key" not in page


def test_a_command_with_values_in_program_text_is_saved_only_where_the_form_says_so(administrator):
    command = "sh -c 'run {phase_id}'"
    page = _save(administrator, command).content.decode()
    assert "could run as code" in page
    assert not ExecutorProfile.objects.exists()
    assert _save(administrator, command, allow_program_text="on").status_code == 302
    page = administrator.get(ADDRESS, {"name": "jobs"}).content.decode()
    assert re.search(r'name="allow_program_text" checked', page)
    assert "Who can name a phase or give it parameters can then run code" in page
    assert AuditEvent.objects.get().new["allow_program_text"] is True


def test_a_refusal_speaks_of_the_fields_of_the_page_and_shows_them(administrator):
    page = _save(administrator, "python3 jobs/{phase_id}.py").content.decode()
    assert "--allow-program-text" not in page
    assert "“Values may stand in program text”, below" in page
    assert re.search(r'<details class="card-section" open>\s*<summary>.*? Environment', page)
    assert "sh -c &#39;exec python3 &#34;jobs/$1.py&#34;&#39; sh {phase_id}" in page


@pytest.mark.parametrize(("default", "offered"), [(None, True), (False, True), (True, False)])
def test_a_new_executor_is_offered_as_the_default_while_none_is(administrator, default, offered):
    """An executor that was set without it left runs that name none without any."""
    if default is not None:
        ExecutorFactory(name="there", is_default=default)
    page = administrator.get(ADDRESS).content.decode()
    assert ('name="is_default" checked' in page) is offered
