"""A web process pays before its first request, not in it."""

from __future__ import annotations

import pytest
from django.template import engines
from django.template.base import Template
from django.urls import clear_url_caches

from drain.models.roles import Role
from drainsite.warming import warm
from tests.factories import PhaseFactory
from tests.people import signed_in


@pytest.mark.django_db
def test_the_first_page_of_a_warm_process_compiles_no_template(monkeypatch):
    PhaseFactory()
    client = signed_in(Role.ADMINISTRATOR)
    for loader in engines["django"].engine.template_loaders:  # type: ignore[attr-defined]
        loader.reset()
    clear_url_caches()
    assert warm() > 50
    compiled: list[str] = []
    compile_ = Template.compile_nodelist

    def seen(self: Template) -> object:
        compiled.append(str(self.name))
        return compile_(self)

    monkeypatch.setattr(Template, "compile_nodelist", seen)
    for address in ("/admin/drain/phase/", "/admin/", "/", "/runs/", "/queued/"):
        assert client.get(address).status_code == 200
    # It extends the one of the same name, which is looked up anew in its place.
    assert set(compiled) <= {"admin/base_site.html"}


def test_warming_asks_no_database():
    # pytest-django refuses every query of a test that did not ask for a database.
    assert warm() > 50
