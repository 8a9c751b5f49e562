"""The models' promises are kept by PostgreSQL: an index that a migration lost guards nothing."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from tests.factories import AttemptFactory, PhaseFactory

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_app_config("drain").get_models() if model._meta.managed]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_declared_index_and_constraint_exists(model: type[models.Model]) -> None:
    declared = {item.name for item in (*model._meta.indexes, *model._meta.constraints)}
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, model._meta.db_table)
    assert declared - set(there) == set()


def test_postgresql_refuses_a_second_open_attempt_of_a_phase() -> None:
    phase = PhaseFactory()
    AttemptFactory(phase=phase, number=1, finished_at=None, outcome=None)
    with pytest.raises(IntegrityError, match="drain_attempt_one_open"), transaction.atomic():
        AttemptFactory(phase=phase, number=2, finished_at=None, outcome=None)
