"""Forms of the admin: the values they take; states, leases and history cannot be edited there."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from drain.admin.base import ReadOnlyAdmin
from drain.admin.phases import PhaseAdmin
from drain.models import (
    AuditEvent,
    Dependency,
    Fingerprint,
    Phase,
    Run,
    Transition,
)
from drain.models.roles import Role
from tests.factories import PhaseFactory

pytestmark = pytest.mark.django_db


def test_a_phase_form_cannot_change_its_state_or_lease(administrator):
    phase = PhaseFactory(state="QUEUED", phase_id="p", phase_index=3)
    address = reverse("admin:drain_phase_change", args=[phase.pk])
    answer = administrator.post(
        address,
        {
            "phase_index": 4, "name": "renamed", "params": "{}", "state": "COMPLETE", "attempts": 9,
            "phase_id": "other", **_formset(),
        },
    )  # fmt: skip
    assert answer.status_code == 302
    phase.refresh_from_db()
    assert (phase.state, phase.attempts, phase.phase_id) == ("QUEUED", 0, "p")
    assert (phase.phase_index, phase.name) == (4, "renamed")
    event = AuditEvent.objects.get(verb="phase.change")
    assert (event.old["phase_index"], event.new["phase_index"]) == ("3", "4")
    assert (event.actor, event.origin, event.address) == ("administrator", "admin", "127.0.0.1")


def test_an_edit_never_puts_back_what_a_worker_moved_meanwhile(administrator, monkeypatch):
    phase, read = PhaseFactory(phase_index=3), PhaseAdmin.get_object

    def read_and_moved(*given):
        found = read(*given)
        Phase.objects.filter(pk=phase.pk).update(state="COMPLETE", attempts=2)
        return found

    monkeypatch.setattr(PhaseAdmin, "get_object", read_and_moved)
    administrator.post(
        reverse("admin:drain_phase_change", args=[phase.pk]),
        {"phase_index": 4, "name": "renamed", "params": "{}", **_formset()},
    )
    phase.refresh_from_db()
    assert (phase.phase_index, phase.state, phase.attempts) == (4, "COMPLETE", 2)


def test_a_phase_made_by_hand_is_queued_and_has_a_history(administrator):
    run = Run.objects.create(run_id="r")
    administrator.post(
        reverse("admin:drain_phase_add"),
        {"run": run.pk, "phase_id": "new", "phase_index": 0, "params": "{}", **_formset()},
    )
    phase = Phase.objects.get(phase_id="new")
    assert phase.state == "QUEUED"
    assert Transition.objects.get(subject_pk=phase.pk).verb == "created"


def test_a_failed_phase_is_added_with_what_it_failed_with_and_gets_its_fingerprint(administrator):
    run = Run.objects.create(run_id="r")
    given = {
        "run": run.pk, "phase_id": "new", "phase_index": 0, "params": "{}",
        "state": "FAILED", "last_failure_reason": "ModuleNotFoundError: No module named 'yaml'", **_formset(),
    }  # fmt: skip
    address = reverse("admin:drain_phase_add")
    silent = administrator.post(address, {**given, "last_failure_reason": ""})
    assert "Say what it failed with" in silent.content.decode()
    queued = administrator.post(address, {**given, "state": "QUEUED"})
    assert "Only a failed phase has a failure" in queued.content.decode()
    assert administrator.post(address, {**given, "state": "COMPLETE"}).status_code == 200
    assert not Phase.objects.exists()
    administrator.post(address, given)
    phase = Phase.objects.get()
    cause = Fingerprint.objects.get()
    assert (phase.state, phase.last_fingerprint) == ("FAILED", cause.key)
    assert phase.failure_category == cause.category
    assert Transition.objects.get(subject_pk=phase.pk).to_state == "FAILED"
    page = administrator.get(reverse("admin:drain_phase_changelist")).content.decode()
    assert f'href="/fingerprints/{cause.key}/"' in page
    assert f'href="/phases/{phase.pk}/"' in page
    assert re.search(r'class="state s-failed">.*?</svg>Failed', page, re.DOTALL)
    assert "No module named" in page


ADDED = [
    model
    for model, registered in admin.site._registry.items()
    if registered.has_add_permission.__func__ is not ReadOnlyAdmin.has_add_permission  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("model", ADDED, ids=lambda model: model.__name__)
def test_no_add_form_shows_what_only_the_database_knows(model):
    get_user_model().objects.create_superuser("root", password="x")
    client = Client()
    client.force_login(
        get_user_model().objects.get(username="root"), "django.contrib.auth.backends.ModelBackend"
    )
    answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"))
    assert answer.status_code in (200, 403)
    assert "object at 0x" not in answer.content.decode()
    assert "DatabaseDefault" not in answer.content.decode()


def test_a_run_is_added_with_the_times_that_the_database_gives(administrator):
    administrator.post(
        reverse("admin:drain_run_add"),
        {"run_id": "by-hand", "order": "sequential", "max_parallel": 1, "labels": "[]"},
    )
    run = Run.objects.get(run_id="by-hand")
    page = administrator.get(reverse("admin:drain_run_change", args=[run.pk])).content.decode()
    assert f'href="/runs/{run.pk}/"' in page


@pytest.mark.parametrize("levels", [51, 100_000])
def test_json_that_is_nested_too_deep_is_refused_in_a_sentence(administrator, levels):
    run = Run.objects.create(run_id="r")
    given = {"run": run.pk, "phase_id": "new", "phase_index": 0, **_formset()}
    address = reverse("admin:drain_phase_add")
    nested = '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"
    assert (
        "nested more than 50 levels"
        in administrator.post(address, {**given, "params": nested}).content.decode()
    )
    fits = '{"a":' + "[" * 49 + "]" * 49 + "}"
    administrator.post(address, {**given, "params": fits})
    assert Phase.objects.get().phase_id == "new"


def test_roles_are_chosen_by_name_when_an_account_is_made(administrator):
    page = administrator.get(reverse("admin:auth_user_add")).content.decode()
    assert "Roles" in page
    operator = Group.objects.get(name=Role.OPERATOR)
    assert re.search(rf'type="checkbox" name="groups" value="{operator.pk}"', page)
    administrator.post(
        reverse("admin:auth_user_add"),
        {
            "username": "new", "usable_password": "true", "password1": "a-long-password-1",
            "password2": "a-long-password-1", "groups": [operator.pk],
        },
    )  # fmt: skip
    made = get_user_model().objects.get(username="new")
    assert [group.name for group in made.groups.all()] == [Role.OPERATOR]


def test_the_number_of_a_prerequisite_has_its_name_for_who_does_not_see_the_table(administrator):
    page = administrator.get(reverse("admin:drain_phase_add")).content.decode()
    fields = re.findall(r'<input[^>]*name="dependencies-[^"]*-prerequisite"[^>]*>', page)
    assert fields
    assert all('aria-label="Number of the prerequisite"' in field for field in fields)


def test_a_circle_of_dependencies_is_refused_and_named(administrator):
    run = Run.objects.create(run_id="r")
    a, b, c = (PhaseFactory(run=run, phase_id=name) for name in "abc")
    Dependency.objects.create(phase=a, prerequisite=b)
    Dependency.objects.create(phase=b, prerequisite=c)
    page = administrator.post(
        reverse("admin:drain_phase_change", args=[c.pk]),
        {"phase_index": 1, "params": "{}", **_formset(a.pk)},
    )
    assert "Dependencies run in a circle" in page.content.decode()
    assert "r / a → r / b → r / c" in page.content.decode()
    assert Dependency.objects.count() == 2


def _formset(*prerequisites: int) -> dict[str, object]:
    form: dict[str, object] = {
        "dependencies-TOTAL_FORMS": len(prerequisites),
        "dependencies-INITIAL_FORMS": 0,
    }
    for n, pk in enumerate(prerequisites):
        form[f"dependencies-{n}-prerequisite"] = pk
    return form
