"""Every model opens in the admin; states, leases and history cannot be edited there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from drain.admin.base import COUNT_BOUND, AtLeast, BoundedPaginator, ReadOnlyAdmin
from drain.admin.phases import PhaseAdmin
from drain.models import (
    AuditEvent,
    Dependency,
    ExecutorProfile,
    Fingerprint,
    Phase,
    Run,
    Source,
    Transition,
)
from drain.models.roles import Role
from tests.factories import AttemptFactory, CandidateFactory, FingerprintFactory, PhaseFactory
from tests.people import signed_in

pytestmark = pytest.mark.django_db
# A model without permissions of its own is the product's own book-keeping and nobody's page.
MODELS = [
    model
    for model in apps.get_app_config("drain").get_models()
    if not model._meta.auto_created and model._meta.default_permissions
]


@pytest.fixture
def administrator():
    return signed_in(Role.ADMINISTRATOR)


def test_no_model_is_forgotten():
    missing = [model.__name__ for model in MODELS if not admin.site.is_registered(model)]
    assert missing == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_opens(administrator, model):
    phase = PhaseFactory(last_failure_reason="ModuleNotFoundError", last_fingerprint="k" * 20)
    FingerprintFactory(key="k" * 20)
    CandidateFactory(phase=phase)
    AttemptFactory(phase=phase)
    name = model._meta.model_name
    if name == "savedview":
        return
    page = administrator.get(reverse(f"admin:drain_{name}_changelist"), {"q": "1"})
    assert page.status_code == 200
    row = model.objects.first()
    if row is not None:
        found = administrator.get(reverse(f"admin:drain_{name}_change", args=[row.pk]))
        assert found.status_code == 200


@pytest.mark.verify
def test_a_count_stops_at_its_bound():
    assert str(AtLeast(COUNT_BOUND)) == "10,000+"
    Run.objects.bulk_create(Run(run_id=f"r{n}") for n in range(COUNT_BOUND + 5))
    assert str(BoundedPaginator(Run.objects.order_by("pk"), 100).count) == "10,000+"
    assert BoundedPaginator(Run.objects.filter(run_id="r7").order_by("pk"), 100).count == 1


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


def test_every_filter_that_a_list_offers_works(administrator):
    PhaseFactory(state="QUEUED")
    late = timezone.now() - timedelta(days=1)
    PhaseFactory(state="QUEUED", phase_id="late", state_changed_at=late)
    for asked, found in (
        ("stale=1", 1),
        ("blocker=1", 0),
        ("fingerprint=x", 0),
        ("state=QUEUED", 2),
    ):
        answer = administrator.get(f"/admin/drain/phase/?{asked}")
        assert answer.context["cl"].result_count == found, asked


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.VIEWER, "source_changelist?url__startswith=postgresql"),
        (Role.VIEWER, "run_changelist?source__url__startswith=postgresql"),
        (Role.ADMINISTRATOR, "executorprofile_changelist?env__TOKEN__startswith=s"),
        (Role.ADMINISTRATOR, "apitoken_changelist?digest__startswith=0"),
    ],
)
def test_no_filter_in_an_address_tells_a_secret_letter_by_letter(role, address):
    name, _, query = address.partition("?")
    refused = signed_in(role).get(f"{reverse(f'admin:drain_{name}')}?{query}")
    assert refused.status_code == 400


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


def test_the_menu_stands_in_the_order_of_the_work_without_inner_tables(administrator):
    page = administrator.get("/admin/").content.decode()
    heads = re.findall(r"<caption>.*?>([^<]+)</a>", page, re.DOTALL)
    assert [head.strip() for head in heads][:4] == [
        "Work",
        "Fingerprints and fixes",
        "How phases run",
        "People",
    ]
    for inner in (
        "statedelta",
        "candidate",
        "dependency",
        "attemptdelta",
        "sessionrun",
        "transition",
    ):
        assert f'href="/admin/drain/{inner}/"' not in page
        assert administrator.get(f"/admin/drain/{inner}/").status_code == 200
    assert 'href="/admin/drain/phase/"' in page


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


def test_a_source_never_shows_its_password(administrator):
    source = Source.objects.create(name="s", kind="autopack", url="postgresql://u:hunter2@db/x")
    for address in (
        reverse("admin:drain_source_changelist"),
        reverse("admin:drain_source_change", args=[source.pk]),
    ):
        assert "hunter2" not in administrator.get(address).content.decode()


def test_an_executors_values_stay_on_the_server_and_survive_an_edit(administrator):
    profile = ExecutorProfile.objects.create(name="x", argv=["/bin/true"], env={"KEY": "hunter2"})
    address = reverse("admin:drain_executorprofile_change", args=[profile.pk])
    assert "hunter2" not in administrator.get(address).content.decode()
    form = {
        "argv": '["/bin/true", "{phase_id}"]', "env": '{"KEY": "***", "B": "2"}', "env_from": "[]", "max_parallel": "",
    }  # fmt: skip
    assert "This field is required" in administrator.post(address, form).content.decode()
    assert not AuditEvent.objects.exists()
    answer = administrator.post(address, {**form, "reason": "another level"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    profile.refresh_from_db()
    assert profile.env == {"KEY": "hunter2", "B": "2"}
    assert profile.argv == ["/bin/true", "{phase_id}"]
    event = AuditEvent.objects.get(verb="executor.set")
    assert "hunter2" not in str(event.old) + str(event.new)


def test_only_administrators_see_executors():
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"])
    for role in (Role.VIEWER, Role.OPERATOR, Role.MANAGER):
        page = signed_in(role).get(reverse("admin:drain_executorprofile_changelist"))
        assert page.status_code == 403


def test_an_administrator_cannot_become_a_superuser(administrator):
    from tests.people import person

    me = person(Role.ADMINISTRATOR)
    administrator.post(
        reverse("admin:auth_user_change", args=[me.pk]),
        {"username": me.username, "is_superuser": "on", "is_active": "on", "is_staff": "on"},
    )
    me.refresh_from_db()
    assert not me.is_superuser


def test_the_admin_sends_people_to_the_one_sign_in_page(client):
    from django.conf import settings
    from django.shortcuts import resolve_url

    answer = client.get("/admin/login/?next=/admin/drain/phase/")
    assert answer.status_code == 302
    assert answer.url == f"{resolve_url(settings.LOGIN_URL)}?next=/admin/drain/phase/"


def _formset(*prerequisites: int) -> dict[str, object]:
    form: dict[str, object] = {
        "dependencies-TOTAL_FORMS": len(prerequisites),
        "dependencies-INITIAL_FORMS": 0,
    }
    for n, pk in enumerate(prerequisites):
        form[f"dependencies-{n}-prerequisite"] = pk
    return form
