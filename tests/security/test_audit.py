"""Every act leaves one line that says who, why and from where; looking leaves none."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from drain.management.actor import command_actor
from drain.management.commands.executor import Command as ExecutorCommand
from drain.models import (
    AuditEvent,
    BulkAction,
    BulkItem,
    Check,
    ExecutorProfile,
    FixMarker,
    Phase,
    Run,
)
from drain.models.roles import Role
from tests.factories import NOON, PhaseFactory
from tests.people import person, signed_in
from tests.sources.conftest import DATA

pytestmark = pytest.mark.django_db


def _run(*argv: str) -> None:
    call_command(*argv, stdout=StringIO())


@pytest.fixture
def keep_the_connection(monkeypatch):
    """A command line closes its connections at the end, and with them this test's transaction."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


@pytest.mark.usefixtures("keep_the_connection")
def test_a_command_that_changes_executors_says_who_and_why():
    for argv in (
        ["set", "x", "--reason", "a new host", "--", "/bin/true"],
        ["remove", "x", "--reason", "the host is gone"],
    ):
        ExecutorCommand().run_from_argv(["manage.py", "executor", *argv])
    told = AuditEvent.objects.order_by("pk").values_list("verb", "actor", "origin", "reason")
    assert list(told) == [
        ("executor.set", command_actor(), "command", "a new host"),
        ("executor.remove", command_actor(), "command", "the host is gone"),
    ]


def test_the_admin_says_the_same_of_executors_with_the_address():
    form = {
        "name": "x", "argv": '["/bin/true"]', "env": "{}", "env_from": "[]", "chunk": 1,
        "reason": "a new host",
    }  # fmt: skip
    signed_in(Role.ADMINISTRATOR).post(reverse("admin:drain_executorprofile_add"), form)
    event = AuditEvent.objects.get(verb="executor.set")
    assert (event.actor, event.origin, event.address, event.reason) == (
        "administrator", "admin", "127.0.0.1", "a new host",
    )  # fmt: skip


def test_an_import_that_changes_the_command_of_phases_says_so_once(tmp_path):
    path = tmp_path / "a.sqlite3"
    path.write_bytes((DATA / "autopack_sample.sqlite3").read_bytes())
    argv = ("import_autopack", f"sqlite:///{path}", "--workspace", str(DATA / "autopack_workspace"))
    _run(*argv, "--python", "/usr/bin/python3")
    _run(*argv)
    event = AuditEvent.objects.get(verb="executor.set")
    assert event.label == "autopack:a"
    assert event.new["argv"][0] == "/usr/bin/python3"
    _run(*argv, "--python", "/bin/python3")
    assert AuditEvent.objects.filter(verb="executor.set").count() == 2


def test_rescue_rollups_and_prune_by_hand_leave_a_line():
    _run("rescue", "--reason", "host lost power")
    _run("prune", "--older-than", "30d", "--reason", "disk")
    lines = {event.verb: event for event in AuditEvent.objects.all()}
    assert (lines["rescue"].reason, lines["rescue"].new) == (
        "host lost power",
        {"attempts": 0, "loops": 0, "sessions": 0},
    )
    assert lines["prune.start"].reason == lines["prune.end"].reason == "disk"
    assert lines["prune.end"].new["transitions"] == 0
    assert {event.actor for event in lines.values()} == {command_actor()}


def test_nothing_is_pruned_or_rescued_by_hand_without_a_reason():
    for command in ("rescue", "prune"):
        for reason in ((), ("--reason", "  ")):
            with pytest.raises(CommandError, match=r"--reason|A reason is missing"):
                _run(command, *reason)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("model", ["executorprofile", "fixmarker", "check"])
def test_a_row_is_deleted_in_the_admin_with_a_reason_and_one_by_one(model):
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
    Check.objects.create(name="x", kind="no_pattern", marker=marker)
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"])
    rows = apps.get_model("drain", model)._default_manager
    address = reverse(f"admin:drain_{model}_delete", args=[rows.get().pk])
    assert signed_in(Role.OPERATOR).post(address, {"post": "yes"}).status_code == 403
    assert AuditEvent.objects.get().verb == "refused"
    client = signed_in(Role.ADMINISTRATOR)
    assert 'name="reason"' in client.get(address).content.decode()
    refused = client.post(address, {"post": "yes", "reason": " "}, follow=True)
    assert "Nothing was deleted: say why." in refused.content.decode()
    at_once = {"action": "delete_selected", "_selected_action": rows.get().pk, "post": "yes"}
    client.post(reverse(f"admin:drain_{model}_changelist"), at_once)
    assert rows.exists()
    assert AuditEvent.objects.count() == 1
    assert client.post(address, {"post": "yes", "reason": "it is gone"}).status_code == 302
    assert not rows.exists()
    assert AuditEvent.objects.exclude(verb="refused").get().reason == "it is gone"


@pytest.mark.django_db(transaction=True)
def test_totals_that_are_written_anew_leave_a_line():
    PhaseFactory()
    _run("rollups", "rebuild")
    assert AuditEvent.objects.get().verb == "rollups.rebuild"
    _run("rollups", "check")
    assert AuditEvent.objects.count() == 1, "a check only looks"


def test_prune_takes_bulk_actions_that_are_over_with_their_rows():
    ended = timezone.now() - timedelta(days=40)
    made = [
        BulkAction.objects.create(
            verb="requeue", label="x", things="phases", reason="x", actor="x", origin="admin",
            state=state, ended_at=at,
        )
        for state, at in (("finished", ended), ("finished", timezone.now()), ("running", None))
    ]  # fmt: skip
    for action in made:
        BulkItem.objects.bulk_create(BulkItem(action=action, target=n) for n in range(3))
    _run("prune", "--older-than", "30d", "--reason", "disk")
    assert not BulkAction.objects.filter(pk=made[0].pk).exists()
    assert BulkItem.objects.count() == 6


def _change_role(client, who, **more):
    form = {
        "username": who.username, "is_active": "on", "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00", **more,
    }  # fmt: skip
    return client.post(reverse("admin:auth_user_change", args=[who.pk]), form)


def test_a_role_is_given_with_a_reason_and_the_line_names_old_and_new():
    ada, client = person(Role.VIEWER, "ada"), signed_in(Role.ADMINISTRATOR)
    operator = Group.objects.get(name=Role.OPERATOR).pk
    page = _change_role(client, ada, groups=[operator])
    assert "Say why" in page.content.decode()
    assert [group.name for group in ada.groups.all()] == ["viewer"]
    assert _change_role(client, ada, groups=[operator], reason="on call").status_code == 302
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.address) == ("user.change", "administrator", "127.0.0.1")
    assert (event.reason, event.old["groups"], event.new["groups"]) == (
        "on call",
        "viewer",
        "operator",
    )


def test_previews_leave_no_line():
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    phase = PhaseFactory()
    queued = PhaseFactory(state="QUEUED")
    client = signed_in(Role.ADMINISTRATOR)
    _run("drain", "--dry-run")
    client.get("/drains/new/", {"run": phase.run.run_id})
    client.get("/drains/new/", {"run": phase.run.run_id}, headers={"HX-Request": "true"})
    client.post("/queued/clear/", {"pk": queued.pk})
    client.post("/phases/requeue/", {"pk": phase.pk})
    for action in ("clear_queued", "requeue", "drain_selected", "rescue"):
        form = {"action": action, "_selected_action": phase.pk, "index": 0}
        assert client.post("/admin/drain/phase/", form).status_code == 200
    for name in ("phase", "run", "auditevent"):
        client.get(reverse(f"admin:drain_{name}_changelist"))
    assert not AuditEvent.objects.exists()
    assert Run.objects.count() == 2
    assert set(Phase.objects.values_list("state", flat=True)) == {"FAILED", "QUEUED"}
