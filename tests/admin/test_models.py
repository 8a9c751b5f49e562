"""Every model opens in the admin, to whom it is meant for, and tells no secret."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from drain.admin.base import COUNT_BOUND, AtLeast, BoundedPaginator
from drain.models import (
    AuditEvent,
    ExecutorProfile,
    Run,
    Source,
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
